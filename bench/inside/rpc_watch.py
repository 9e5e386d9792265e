"""Says what is sent over RabbitMQ, a line of JSON for each message.

It listens where RabbitMQ's tracer copies every message to. The URL of the server is
in the environment. Says an empty object when it hears.
"""

import json
import os
import time

import kombu


def main():
    """Listen until told to end."""
    connection = kombu.Connection(os.environ['RABBITMQ_URL'])
    tracer = kombu.Exchange('amq.rabbitmq.trace', type='topic', durable=True, passive=True)
    queue = kombu.Queue('', tracer, 'publish.#', exclusive=True, auto_delete=True)
    with connection.Consumer(queue, on_message=tell, no_ack=True):
        print('{}', flush=True)
        while True:
            connection.drain_events()


def tell(message):
    """Say what one message is about."""
    now = time.time()
    inner = json.loads(json.loads(message.body)['oslo.message'])
    args = inner.get('args', {})
    name = inner.get('method')
    if name in ('object_action', 'object_class_action_versions'):
        subject = args.get('objname') or args['objinst']['nova_object.name']
        name = f'{subject}.{args["objmethod"]}'
    line = {
        'when': now,
        'to': message.headers['routing_keys'][0],
        'method': name,
        'message': inner.get('_msg_id'),
        'request': inner.get('_context_request_id'),
    }
    print(json.dumps(line), flush=True)


if __name__ == '__main__':
    main()
