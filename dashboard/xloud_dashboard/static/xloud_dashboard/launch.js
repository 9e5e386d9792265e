/* The step "Flavor" of "Launch Instance": what a server of an elastic flavor boots with. */
(function () {
  'use strict';

  /* Return a minimum of a flavor, or its maximum if it has none that Nova would accept. */
  function minimum(extras, names, maximum) {
    var values = names.map(function (name) {
      return Number((extras || {})[name]);
    }).filter(function (value) {
      return value >= 1 && value <= maximum;
    });
    return values.length ? values[0] : maximum;
  }

  function bootSize(flavor) {
    return {
      vcpus: minimum(flavor.extras, ['minimum_cpu', 'hw:cpu_min'], flavor.vcpus),
      ram: minimum(flavor.extras, ['minimum_memory', 'hw:mem_min'], flavor.ram)
    };
  }

  function words(size) {
    var vcpus = ngettext('%(count)s vCPU, %(memory)s MiB', '%(count)s vCPUs, %(memory)s MiB', size.vcpus);
    return interpolate(vcpus, {count: size.vcpus, memory: size.ram}, true);
  }

  /* Nova counts the minimum for quota, and compares it with what an image needs. */
  function describe(facade) {
    var size = bootSize(facade.flavor);
    if (size.vcpus === facade.flavor.vcpus && size.ram === facade.flavor.ram) {
      return;
    }
    facade.vcpus = size.vcpus;
    facade.ram = size.ram;
    facade.elasticBoots = interpolate(gettext('Boots with %s'), [words(size)]);
    facade.elasticCanHave = interpolate(gettext('can have %s'), [words(facade.flavor)]);
  }

  function extend(ctrl) {
    var build = ctrl.buildFlavorFacades;
    var errors = ctrl.getErrors;
    if (ctrl.isElasticShown || !build || !errors) {
      return;
    }
    ctrl.isElasticShown = true;
    ctrl.buildFlavorFacades = function () {
      build();
      ctrl.availableFlavorFacades.forEach(describe);
    };
    ctrl.getErrors = function (flavor) {
      return errors(angular.extend({}, flavor, bootSize(flavor)));
    };
    [ctrl.availableTableConfig, ctrl.allocatedTableConfig].forEach(function (config) {
      config.columns.splice(3, 0, {
        id: 'elasticBoots',
        title: gettext('Elastic'),
        priority: 1,
        template: '<span class="xloud-size">{$ item.elasticBoots $}</span>' +
          '<span class="xloud-size">{$ item.elasticCanHave $}</span>'
      });
    });
    ctrl.availableFlavorFacades.forEach(describe);
    ctrl.updateFlavorFacades();
  }

  angular
    .module('xloud.dashboard', ['horizon.framework.widgets.table'])
    // Horizon has no place for columns of others. Angular links every directive of a name.
    .directive('hzDynamicTable', function () {
      return {
        restrict: 'E',
        priority: 1, // Before the table reads its columns.
        link: {
          pre: function (scope, element, attributes) {
            if (attributes.name === 'allocated-flavor' && scope.ctrl) {
              extend(scope.ctrl);
            }
          }
        }
      };
    });
}());
