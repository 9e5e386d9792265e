"""What a request for an elastic server asks for, of quota and of the hosts.

These are the places where the API decides on a flavor and image, writes the
size of a new server, and says to quota what is requested.
"""

import time

from keystoneauth1 import exceptions as ks_exc
import oslo_messaging as messaging

from nova import elastic


class API:

    @staticmethod
    def _validate_flavor_image_nostatus(*nova):
        ...
        if config_drive_option not in ...:  # nova
            ...
        # A server boots with the minimum of its flavor.
        if elastic.minimum(flavor).memory_mb < int(image.get('min_ram') or 0):
            raise exception.FlavorMemoryTooSmall()
        elastic.check_image(flavor, image.get('properties', {}))
        ...

    @staticmethod
    def _validate_flavor_image_numa_pci(*nova):
        image_meta = ...  # nova
        elastic.check(flavor, image_meta)
        ...

    def _create_instance(*nova):
        ...
        self._check_auto_disk_config(...)  # nova
        flavor = elastic.with_memory_means(
            flavor, boot_meta.get('properties', {}), CONF.xloud.memory_means)
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
        # Quota counts what an elastic server boots with.
        boot_flavor = flavor
        if elastic.is_elastic(flavor):
            flavor = elastic.quota_flavor(
                flavor, _get_image_meta_obj(boot_meta))
        ...
        security_groups = ...  # nova
        flavor = boot_flavor
        ...

    def _populate_instance_for_create(*nova):
        ...
        instance.system_metadata.update(...)  # nova
        elastic.to_flavor(instance)
        ...

    def restore(*nova):
        flavor = elastic.quota_flavor(
            elastic.request_flavor(instance), instance.image_meta)  # replaces nova
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
        if not flavor_id:  # nova
            ...
        else:  # nova
            new_flavor = ...  # nova
            image = utils.get_image_from_system_metadata(
                instance.system_metadata)
            new_flavor = elastic.with_memory_means(
                new_flavor, image['properties'], CONF.xloud.memory_means)
            ...
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

    def xloud_adjust(self, context, instance, vcpus=None, memory_mb=None,
                     persist=True, force=False):
        """Adjust how many vCPUs and how much memory a server has.

        This returns when the host has claimed the capacity. The adjustment
        goes on there.

        :param vcpus: How many vCPUs, or None to leave them as they are
        :param memory_mb: How much memory in MiB, or None to leave it as it is
        :param persist: Whether the server also starts with that from now on
        :param force: Whether it may have less memory than its guest needs
        """
        self._adjust(context, instance, elastic.Size(vcpus, memory_mb),
                     persist, force)

    def hotplug_vcpus(self, context, instance, new_count):
        """Adjust how many vCPUs a server has, permanently."""
        self._adjust(context, instance, elastic.Size(new_count, None),
                     action=instance_actions.HOTPLUG_VCPUS)

    @check_instance_lock
    @check_instance_state(vm_state=[
        vm_states.ACTIVE, vm_states.PAUSED, vm_states.STOPPED])
    @check_instance_host()
    def _adjust(self, context, instance, requested, persist=True, force=False,
                action=instance_actions.XLOUD_ADJUST):
        # check_instance_host looks at one service alone, which can be a
        # deleted one if the host was removed and has come back.
        if not self._is_host_up(instance):
            raise exception.ServerAdjustHostDown()
        requested = elastic.requested_size(instance.flavor, *requested)
        if not elastic.is_elastic(instance.flavor):
            # Only what the server always has is in its range.
            return
        if instance.vm_state == vm_states.STOPPED and not persist:
            raise exception.ServerAdjustStopped()
        before = elastic.size(instance)
        size, _start = elastic.sizes_after(instance, requested, persist)
        self._check_adjust_quota(context, instance, before, size)

        self._begin_adjust(instance, action)
        self._record_action_start(context, instance, action)
        try:
            self.compute_rpcapi.xloud_adjust(
                context, instance, requested.vcpus, requested.memory_mb,
                persist, force, action)
        except messaging.MessagingException as error:
            self._adjust_not_delivered(context, instance, action, error)
        except exception.NovaException:
            with excutils.save_and_reraise_exception():
                self._end_adjust(instance)
        if CONF.quota.recheck_quota:
            self._recheck_adjust_quota(
                context, instance, before, size, persist, action)

    def _check_adjust_quota(self, context, instance, before, size):
        try:
            # A resize asks unified limits for all of the new size, and this
            # only for what is more.
            self._check_quota_for_upsize(
                context, instance, instance.flavor,
                elastic.flavor_at_size(instance.flavor, size), is_bfv=False,
                is_revert=True)
            self._enforce_adjust_limits(context, instance, before, size)
        except exception.OverQuota as error:
            raise exception.ServerAdjustOverQuota(error.format_message())
        except (exception.UsagesRetrievalFailed,
                ks_exc.ClientException) as error:
            LOG.warning('Could not determine the usage of the project: %s',
                        error, instance=instance)
            raise exception.ServerAdjustUsageUnknown()

    @staticmethod
    def _enforce_adjust_limits(context, instance, before, size,
                               is_claimed=False):
        allocated, grown = (
            scheduler_utils.resources_from_size(instance, amounts)
            for amounts in (before, size))
        project_id, _user_id = quotas_obj.ids_from_instance(context, instance)
        placement_limits.enforce_deltas(
            context, project_id,
            {rc: 0 if is_claimed else amount - allocated[rc]
             for rc, amount in grown.items() if amount > allocated[rc]})

    def _recheck_adjust_quota(self, context, instance, before, size, persist,
                              action):
        """Check the quota again after the claim.

        Requests at the same time can all have passed the first check.

        :raises: ServerAdjustOverQuota if the project is over its quota; the
            server is adjusted back then.
        """
        grown = {name: new - old for name, old, new in zip(
            ('cores', 'ram'), before, size) if new > old}
        if not grown:
            return
        project_id, user_id = quotas_obj.ids_from_instance(context, instance)
        try:
            objects.Quotas.check_deltas(
                context, dict.fromkeys(grown, 0), project_id, user_id=user_id,
                check_project_id=project_id, check_user_id=user_id)
            self._enforce_adjust_limits(
                context, instance, before, size, is_claimed=True)
        except exception.TooManyInstances as error:
            over_quota = exception.ServerAdjustOverQuota(
                error.format_message())
        except exception.OverQuota as error:
            quotas, usages = (error.kwargs[name]
                              for name in ('quotas', 'usages'))
            headroom = {name: quotas[name] - usages[name] + more
                        for name, more in grown.items()}
            overs, requested, allowed, used = (
                compute_utils.get_over_quota_detail(
                    headroom, error.kwargs['overs'], quotas, grown))
            over_quota = exception.ServerAdjustOverQuota(
                exception.TooManyInstances(
                    overs=overs, req=requested, used=used,
                    allowed=allowed).format_message())
        except (exception.UsagesRetrievalFailed,
                ks_exc.ClientException) as error:
            # It was within the quota a moment ago.
            LOG.warning('Could not determine the usage of the project after '
                        'an adjustment: %s', error, instance=instance)
            return
        else:
            return

        LOG.info('%s The server is adjusted back.', over_quota,
                 instance=instance)
        if not self._cancel_adjust(context, instance):
            compute_utils.record_adjust_failure(
                context, instance, 'api_' + action, CONF.host, over_quota)
            self._adjust_back(
                context, instance, before, size, persist, action)
        raise over_quota

    def _cancel_adjust(self, context, instance):
        """Have the host undo an adjustment that is still in progress.

        :returns: Whether it does. It then also records why.
        """
        try:
            return self.compute_rpcapi.xloud_adjust_cancel(context, instance)
        except messaging.MessagingException as error:
            LOG.warning('Could not cancel the adjustment: %s', error,
                        instance=instance)
            return False

    def _adjust_back(self, context, instance, before, size, persist, action):
        """Adjust a server to the size it had, where that has grown."""
        requested = elastic.Size(*(old if new > old else None
                                   for old, new in zip(before, size)))
        try:
            # The host may be about to end the task of the adjustment.
            for _attempt in range(20):
                instance.refresh()
                if instance.task_state is None:
                    break
                time.sleep(0.5)
            self._begin_adjust(instance, action)
            self.compute_rpcapi.xloud_adjust(
                context, instance, requested.vcpus, requested.memory_mb,
                persist, action=action)
        except (messaging.MessagingException,
                exception.NovaException) as error:
            self._end_adjust(instance)
            LOG.warning('The server stays at a size that is over the quota: '
                        '%s', error, instance=instance)

    @staticmethod
    def _begin_adjust(instance, action):
        instance.task_state = task_states.XLOUD_ADJUST_PREP
        try:
            instance.save(expected_task_state=[None])
        except exception.InstanceUpdateConflict as error:
            actual = error.kwargs.get('actual') or {}
            raise exception.InstanceInvalidState(
                attr='task_state', instance_uuid=instance.uuid,
                state=actual.get('task_state') or instance.task_state,
                method=action)

    @staticmethod
    def _end_adjust(instance):
        """End an adjustment, unless a host has accepted it.

        :returns: Whether it has been ended.
        """
        instance.task_state = None
        try:
            instance.save(expected_task_state=[task_states.XLOUD_ADJUST_PREP])
            return True
        except (exception.InstanceNotFound,
                exception.InstanceUpdateConflict):
            return False

    def _adjust_not_delivered(self, context, instance, action, error):
        """End an adjustment whose host did not answer, and say why.

        :raises: ServerAdjustOutcomeUnknown if the host has accepted it;
            ServerAdjustConflict or ServerAdjustUnavailable otherwise
        """
        if getattr(error, 'exc_type',
                   type(error).__name__) == 'NoSuchMethod':
            refusal = exception.ServerAdjustNotSupported()
        else:
            refusal = exception.ServerAdjustHostNotResponding()
        LOG.warning('%s %s', refusal, error, instance=instance)

        if not self._end_adjust(instance):
            # The host has accepted it, or the server is being deleted.
            raise exception.ServerAdjustOutcomeUnknown()
        compute_utils.record_adjust_failure(
            context, instance, 'api_' + action, CONF.host, refusal)
        raise refusal

    def xloud_status(self, context, instance):
        """Return what a server has and can have.

        :returns: What elastic.describe returns, with two more keys:
            ``adjust``, which is what compute_utils.describe_last_adjust
            returns, and ``live``, which is the answer of the host or None.
        """
        status = {**elastic.describe(instance), 'live': None,
                  'adjust': compute_utils.describe_last_adjust(
                      context, instance)}
        if (instance.vm_state in (vm_states.ACTIVE, vm_states.PAUSED) and
                self._is_host_up(instance)):
            try:
                status['live'] = self.compute_rpcapi.xloud_status(
                    context, instance)
            except (messaging.MessagingException, NotImplementedError,
                    exception.NovaException) as error:
                LOG.info('Could not get the live size from the host: %s',
                         error, instance=instance)
        return status

    def _is_host_up(self, instance):
        return any(self.servicegroup_api.service_is_up(service)
                   for service in instance.services
                   if service.binary == 'nova-compute')

    @staticmethod
    def _check_quota_unshelve_offloaded(*nova):
        ...
        due_size = elastic.due_size(instance)
        vcpus = due_size.vcpus  # replaces nova
        memory_mb = due_size.memory_mb  # replaces nova
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
