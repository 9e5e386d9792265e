"""What a request for an elastic server asks for, of quota and of the hosts.

These are the places where the API decides on a flavor and image, writes the
size of a new server, and says to quota what is requested.
"""

from keystoneauth1 import exceptions as ks_exc
import oslo_messaging as messaging

from nova import elastic


class API:

    @staticmethod
    def _validate_flavor_image_nostatus(*nova):
        ...
        if config_drive_option not in ...:  # nova
            ...
        # What a server boots with has to do for the image.
        if elastic.minimum(flavor).memory_mb < int(image.get('min_ram') or 0):
            raise exception.FlavorMemoryTooSmall()
        ...

    @staticmethod
    def _validate_flavor_image_numa_pci(*nova):
        image_meta = ...  # nova
        elastic.check(flavor, image_meta)
        ...

    def _validate_and_build_base_options(*nova):
        ...
        base_options = ...  # nova
        elastic.check(
            flavor, image_meta, pci_request_info, requested_networks)
        ...

    def _provision_instances(*nova):
        ...
        if requested_host or requested_hypervisor_hostname:  # nova
            ...
        # Check quotas
        quota_flavor = flavor
        if elastic.is_elastic(flavor):
            quota_flavor = elastic.quota_flavor(
                flavor, _get_image_meta_obj(boot_meta))
        num_instances = compute_utils.check_num_instances_quota(
            context, quota_flavor, min_count, max_count)
        if block_device_mapping:  # nova
            ...
        else:  # nova
            ...
        num_instances = placement_limits.enforce_num_instances_and_flavor(
            context, context.project_id, quota_flavor, is_bfv, min_count,
            num_instances)
        security_groups = ...  # nova
        ...

    def _populate_instance_for_create(*nova):
        ...
        instance.system_metadata.update(...)  # nova
        elastic.to_flavor(instance)
        ...

    def restore(*nova):
        flavor = elastic.quota_flavor(
            elastic.request_flavor(instance), instance.image_meta)
        project_id, user_id = ...  # nova
        ...

    @staticmethod
    def _check_quota_for_upsize(*nova):
        # What counts is the size at which a server arrives with a flavor, or
        # comes back to it.
        new_flavor, current_flavor = (
            elastic.quota_flavor(flavor, instance.image_meta)
            for flavor in elastic.flavors_in_resize(
                instance, new_flavor, current_flavor))
        ...
        deltas = ...  # nova
        if deltas:  # nova
            try:  # nova
                res_deltas = ...  # nova
                if elastic.is_elastic(instance.flavor):
                    # What does not grow may be over its quota already.
                    res_deltas = deltas
                ...
            except exception.OverQuota as exc:  # nova
                ...

    def resize(*nova):
        ...
        if not same_flavor:  # nova
            ...
            request_spec.pci_requests = new_pci_requests  # nova
            if elastic.is_elastic(new_flavor):
                # A port that was attached later is known to the server alone.
                ports = [request for request in instance.pci_requests.requests
                         if request.source ==
                         objects.InstancePCIRequest.NEUTRON_PORT]
                elastic.check(
                    new_flavor, instance.image_meta,
                    objects.InstancePCIRequests(
                        requests=new_pci_requests.requests + ports))
            ...
        ...

    @staticmethod
    def _check_quota_unshelve_offloaded(*nova):
        if ...:  # nova
            ...
        vcpus, memory_mb = elastic.due_size(instance)
        deltas = ...  # nova
        ...

    def attach_interface(*nova):
        ...
        if port_id:  # nova
            port = ...  # nova
            sentence = elastic.port_conflict(
                instance.flavor, port.get('binding:vnic_type'))
            if sentence:
                raise exception.AttachInterfaceNotSupported(sentence)
            ...
        ...

    def xloud_adjust(self, context, instance, vcpus=None, memory_mb=None,
                     persist=True):
        """Change how many vCPUs and how much memory a server has.

        Returns when the host has claimed that, and goes on there.

        :param vcpus: How many vCPUs, or None to leave them as they are
        :param memory_mb: How much memory, in MiB, or None as well
        :param persist: Whether it is to start with that as well
        """
        self._adjust(
            context, instance, instance_actions.XLOUD_ADJUST,
            elastic.Size(vcpus, memory_mb), persist,
            lambda asked: self.compute_rpcapi.xloud_adjust(
                context, instance, persist=persist, **asked._asdict()))

    def hotplug_vcpus(self, context, instance, new_count):
        """Change how many vCPUs a server has, and is to start with."""
        self._adjust(
            context, instance, instance_actions.HOTPLUG_VCPUS,
            elastic.Size(new_count, None), True,
            lambda asked: self.compute_rpcapi.hotplug_vcpus(
                context, instance, new_count=asked.vcpus))

    @check_instance_lock
    @check_instance_state(vm_state=[
        vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED])
    @check_instance_host()
    def _adjust(self, context, instance, action, asked, persist, call):
        # Nova's own check takes a service for the one of the host that was
        # deleted before the host came back.
        if not self._is_host_up(instance):
            raise exception.ServiceUnavailable()
        asked = elastic.requested_size(instance.flavor, *asked)
        if not elastic.is_elastic(instance.flavor):
            # It has been asked for what it has for good.
            return
        if instance.vm_state == vm_states.STOPPED and not persist:
            raise exception.ServerAdjustConflict(
                reason=_('A stopped server can only be given what it is to '
                         'start with.'))
        size, _start = elastic.sizes_after(instance, asked, persist)
        try:
            self._check_adjust_quota(context, instance, size)
        except (exception.UsagesRetrievalFailed,
                ks_exc.ClientException) as error:
            LOG.warning('What the project uses cannot be counted: %s', error,
                        instance=instance)
            raise exception.ServerAdjustUnavailable(
                reason=_('What the project uses cannot be counted now.'))

        instance.task_state = task_states.XLOUD_ADJUST_PREP
        try:
            instance.save(expected_task_state=[None])
        except exception.InstanceUpdateConflict as error:
            actual = error.kwargs.get('actual') or {}
            raise exception.InstanceInvalidState(
                attr='task_state', instance_uuid=instance.uuid,
                state=actual.get('task_state') or instance.task_state,
                method=action)
        self._record_action_start(context, instance, action)
        try:
            call(asked)
        except messaging.MessagingException as error:
            self._adjust_not_delivered(context, instance, action, error)
        except exception.NovaException:
            with excutils.save_and_reraise_exception():
                self._end_adjust(instance)

    def _check_adjust_quota(self, context, instance, size):
        # A resize asks unified limits for all of the new size, and this only
        # for what is more.
        self._check_quota_for_upsize(
            context, instance, instance.flavor,
            elastic.flavor_at_size(instance.flavor, size), is_bfv=False,
            is_revert=True)
        held, grown = (
            scheduler_utils.resources_from_size(instance, each)
            for each in (elastic.size(instance), size))
        project_id, _user_id = quotas_obj.ids_from_instance(context, instance)
        placement_limits.enforce_deltas(
            context, project_id,
            {rc: amount - held[rc] for rc, amount in grown.items()
             if amount > held[rc]})

    @staticmethod
    def _end_adjust(instance):
        """End what no host has taken on.

        :returns: Whether none had.
        """
        instance.task_state = None
        try:
            instance.save(expected_task_state=[task_states.XLOUD_ADJUST_PREP])
            return True
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            return False

    def _adjust_not_delivered(self, context, instance, action, error):
        """End an adjustment of which no host has told, and say so."""
        if getattr(error, 'exc_type',
                   type(error).__name__) == 'NoSuchMethod':
            reason = exception.ServerAdjustConflict(
                reason=_('The host of the server runs a version of Nova that '
                         'cannot change the size of servers.'))
        else:
            reason = exception.ServerAdjustUnavailable(
                reason=_('The host of the server did not answer.'))
        LOG.warning('%s: %s', reason, error, instance=instance)

        if not self._end_adjust(instance):
            # The host has taken it on, or the server is being deleted.
            raise exception.ServerAdjustUnavailable(
                reason=_('The host of the server did not answer in time, but '
                         'is working on it. See what the server has later.'))
        with compute_utils.EventReporter(
                context, 'api_' + action, CONF.host, instance.uuid):
            raise reason

    def xloud_status(self, context, instance):
        """Tell what a server has and can have.

        What it has is asked of its host; if that does not answer, it is what
        it is counted for.
        """
        status = elastic.describe(instance)
        adjust = compute_utils.describe_last_adjust(context, instance)
        if (instance.vm_state in (vm_states.ACTIVE, vm_states.PAUSED) and
                self._is_host_up(instance)):
            try:
                live = self.compute_rpcapi.xloud_status(context, instance)
                requested = live.pop('requested')
                status.update(live)
                if adjust:
                    adjust['requested'] = requested
            except Exception as error:
                LOG.info('Its host does not tell what the server has: %s',
                         error, instance=instance)
        return {**status, 'adjust': adjust}

    def _is_host_up(self, instance):
        return any(self.servicegroup_api.service_is_up(service)
                   for service in instance.services
                   if service.binary == 'nova-compute')
