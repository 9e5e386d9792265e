"""The allocation of a server follows its size, in one request that is retried."""

from nova import elastic


class SchedulerReportClient(object):

    def _remove_resources_from_instance_allocation(*nova):
        ...

    @retries
    def set_instance_resources(self, context, consumer_uuid, rp_uuid,
                               resources):
        """Set what a consumer is allocated of some resources of a provider.

        Its other allocations, on this and on other providers, stay.

        :param context: The security context
        :param consumer_uuid: The UUID of the consumer to update
        :param rp_uuid: The UUID of the provider, on which the consumer has an
            allocation
        :param resources: A dict of resource class to the new amount; a
            resource with the amount 0 is removed
        :returns: True if the consumer is allocated these amounts now. False
            if out of retries.
        :raises: keystoneauth1.exceptions.base.ClientException on failure to
            communicate with the placement API
        :raises: ConsumerAllocationRetrievalFailed if the current allocation
            cannot be read from placement
        :raises: AllocationUpdateFailed if placement refuses the amounts
        """
        payload = self.get_allocs_for_consumer(context, consumer_uuid)
        alloc = payload['allocations'].get(rp_uuid)
        if not alloc:
            raise exception.AllocationUpdateFailed(
                consumer_uuid=consumer_uuid,
                error=_('It has no allocation on resource provider %s.') %
                rp_uuid)
        resources = elastic.match_classes(resources, alloc['resources'])
        amounts = {rc: amount
                   for rc, amount in {**alloc['resources'],
                                      **resources}.items() if amount}
        if amounts == alloc['resources']:
            return True
        alloc['resources'] = amounts

        resp = self._put_allocations(context, consumer_uuid, payload)
        if resp.status_code == 204:
            return True
        if resp.status_code != 409:
            # This may be the answer of a proxy in front of placement.
            raise ks_exc.from_response(
                resp, 'PUT', '/allocations/%s' % consumer_uuid)
        error = resp.json()['errors'][0]
        if error['code'] == 'placement.concurrent_update':
            raise Retry('set_instance_resources', error['detail'])
        raise exception.AllocationUpdateFailed(
            consumer_uuid=consumer_uuid, error=error['detail'])

    def get_capacity(self, context, rp_uuid):
        """Return how much capacity of a provider is available.

        :param context: The security context
        :param rp_uuid: The UUID of the provider
        :returns: A dict of resource class to a tuple of what is available
            and what a single consumer can have
        :raises: keystoneauth1.exceptions.base.ClientException on failure to
            communicate with the placement API
        :raises: ResourceProviderRetrievalFailed if placement does not say
        """
        url = '/resource_providers/%s/' % rp_uuid
        inventories, usages = (
            self.get(url + what, global_request_id=context.global_id)
            for what in ('inventories', 'usages'))
        if not inventories or not usages:
            raise exception.ResourceProviderRetrievalFailed(uuid=rp_uuid)
        used = usages.json()['usages']
        return {
            rc: (int((inventory['total'] - inventory['reserved']) *
                     inventory['allocation_ratio']) - used.get(rc, 0),
                 inventory['max_unit'])
            for rc, inventory in inventories.json()['inventories'].items()}
