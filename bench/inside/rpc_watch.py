"""Prints what is sent over RabbitMQ, a line of JSON for each message.

It consumes the copies of RabbitMQ's tracer. The URL of the server is in the environment.
It prints an empty object as soon as it listens.
"""

import json
import os
import time

import kombu


def main():
    """Listen until terminated."""
    connection = kombu.Connection(os.environ['RABBITMQ_URL'])
    tracer = kombu.Exchange('amq.rabbitmq.trace', type='topic', durable=True, passive=True)
    queue = kombu.Queue('', tracer, 'publish.#', exclusive=True, auto_delete=True)
    with connection.Consumer(queue, on_message=report, no_ack=True):
        print('{}', flush=True)
        while True:
            connection.drain_events()


def report(message):
    """Print what a message calls, and the IDs by which it belongs to others."""
    now = time.time()
    inner = json.loads(json.loads(message.body)['oslo.message'])
    args = inner.get('args', {})
    name = inner.get('method')
    if name in ('object_action', 'object_class_action_versions'):
        subject = args.get('objname') or args['objinst']['nova_object.name']
        name = f'{subject}.{args["objmethod"]}'
    line = {  # as trace.Message
        'when': now,
        'method': name,
        'message': inner.get('_msg_id'),
        'request': inner.get('_context_request_id'),
    }
    print(json.dumps(line), flush=True)


if __name__ == '__main__':
    main()
