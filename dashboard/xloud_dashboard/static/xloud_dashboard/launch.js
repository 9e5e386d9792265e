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

  function bootSize(ctrl, flavor) {
    var extras = flavor.extras || (ctrl.elasticMinimums || {})[flavor.id];
    return {
      vcpus: minimum(extras, ['minimum_cpu', 'hw:cpu_min'], flavor.vcpus),
      ram: minimum(extras, ['minimum_memory', 'hw:mem_min'], flavor.ram)
    };
  }

  function words(size) {
    var vcpus = ngettext('%(count)s vCPU, %(memory)s MiB', '%(count)s vCPUs, %(memory)s MiB', size.vcpus);
    return interpolate(vcpus, {count: size.vcpus, memory: size.ram}, true);
  }

  /* Nova counts the minimum for quota, and compares it with what an image needs. */
  function describe(ctrl, facade) {
    var size = bootSize(ctrl, facade.flavor);
    if (size.vcpus === facade.flavor.vcpus && size.ram === facade.flavor.ram) {
      return;
    }
    facade.vcpus = size.vcpus;
    facade.ram = size.ram;
    facade.elasticBoots = interpolate(gettext('Boots with %s'), [words(size)]);
    facade.elasticCanHave = interpolate(gettext('can have %s'), [words(facade.flavor)]);
  }

  function extend(ctrl, http, toast) {
    var build = ctrl.buildFlavorFacades;
    var errors = ctrl.getErrors;
    if (ctrl.isElasticShown || !build || !errors) {
      return;
    }
    ctrl.isElasticShown = true;

    /* Horizon from 2026.1 on does not request the extra specs of flavors. */
    function requestMinimums() {
      ctrl.elasticMinimums = {};
      http.get('/project/elastic/minimums').then(function (answer) {
        ctrl.elasticMinimums = answer.data;
        describeAll();
        ctrl.updateFlavorFacades();
        ctrl.validateFlavor();
      }, function () {
        toast.add('warning', gettext('It is not known now which flavors are elastic. ' +
          'Their maximum is compared with your quota.'));
      });
    }

    function describeAll() {
      ctrl.availableFlavorFacades.forEach(function (facade) {
        describe(ctrl, facade);
        if (!facade.flavor.extras && !ctrl.elasticMinimums) {
          requestMinimums();
        }
      });
    }

    ctrl.buildFlavorFacades = function () {
      build();
      describeAll();
    };
    ctrl.getErrors = function (flavor) {
      return errors(angular.extend({}, flavor, bootSize(ctrl, flavor)));
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
    describeAll();
    ctrl.updateFlavorFacades();
  }

  angular
    .module('xloud.dashboard', [
      'horizon.framework.util.http',
      'horizon.framework.widgets.table',
      'horizon.framework.widgets.toast'
    ])
    // Horizon has no place for columns of others. Angular links every directive of a name.
    .directive('hzDynamicTable', [
      'horizon.framework.util.http.service',
      'horizon.framework.widgets.toast.service',
      function (http, toast) {
        return {
          restrict: 'E',
          priority: 1, // Before the table reads its columns.
          link: {
            pre: function (scope, element, attributes) {
              if (attributes.name === 'allocated-flavor' && scope.ctrl) {
                extend(scope.ctrl, http, toast);
              }
            }
          }
        };
      }
    ]);
}());
