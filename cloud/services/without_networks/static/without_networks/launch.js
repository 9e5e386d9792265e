/* "Launch Instance" without the steps for networks. */
(function () {
  'use strict';

  var LAUNCH = 'horizon.dashboard.project.workflow.launch-instance';

  angular
    .module('without.networks', [LAUNCH])
    // Not when Angular begins: the steps need policies, which are there after the login.
    .config(['$provide', function ($provide) {
      $provide.decorator(LAUNCH + '.workflow', ['$delegate', function (workflow) {
        ['networks', 'ports', 'secgroups'].forEach(function (step) {
          workflow.remove(step);
        });
        return workflow;
      }]);
    }]);
}());
