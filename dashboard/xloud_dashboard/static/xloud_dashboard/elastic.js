/* The form that adjusts a server, and the page that shows how it goes on. */
(function ($) {
  'use strict';

  var PAUSE = 400; // Milliseconds after the last key until the forecast is requested.

  var EXPIRED = 401; // Horizon's answer to who is not logged in any more.

  function expiredText() {
    return gettext('Your session has expired. Log in again.');
  }

  function isWaitingAllowed($form) {
    return ['wait', 'move'].indexOf($form.find('[name="when_full"]').val()) >= 0;
  }

  /* A slider ends where the server can grow at once, or, if it may wait, where its flavor ends. */
  function limitSliders($form) {
    var name = isWaitingAllowed($form) ? 'maximum' : 'highest';
    $form.find('input[type="range"]').each(function () {
      var number = document.getElementById(this.dataset.for);
      this.max = this.dataset[name];
      this.value = number.value;
    });
  }

  function showMinutes($form) {
    var isLimited = $form.find('[name="lasts"]').val() === 'limited';
    $form.find('[name="minutes"]').closest('.form-group').toggle(isLimited);
  }

  function isBad(forecast) {
    return ['refused', 'unknown'].indexOf(forecast.outcome) >= 0;
  }

  function showForecast($form, forecast) {
    // As text: the reason is not ours.
    var text = [forecast.title, forecast.reason, forecast.advice].filter(Boolean).join(' ');
    $form.find('.xloud-forecast')
      .text(text)
      .prop('hidden', false)
      .attr('data-outcome', forecast.outcome)
      .toggleClass('alert-warning', isBad(forecast))
      .toggleClass('alert-info', !isBad(forecast));
  }

  function requestForecast($form) {
    var number = ($form.data('xloud-request') || 0) + 1;
    clearTimeout($form.data('xloud-timer'));
    $form.data('xloud-request', number);
    $form.data('xloud-timer', setTimeout(function () {
      $.post($form.attr('data-preview-url'), $form.serialize()).done(function (forecast) {
        if ($form.data('xloud-request') === number) { // Nothing was changed in the meantime.
          showForecast($form, forecast);
        }
      }).fail(function (answer) {
        // What was said before may not be true any more.
        showForecast($form, {
          outcome: 'unknown',
          title: answer.status === EXPIRED ? expiredText()
            : gettext('It is not known now what will happen.')
        });
      });
    }, PAUSE));
  }

  function prepare(root) {
    $(root).find('form.xloud-adjust').each(function () {
      limitSliders($(this));
      showMinutes($(this));
    });
  }

  /* Horizon begins with the first text or list, and passes over the fields before it. */
  function focusFirst(modal) {
    $(modal).find('.xloud-form input:visible').first().trigger('focus');
  }

  $(document).on('input', 'form.xloud-adjust input[type="range"]', function () {
    document.getElementById(this.dataset.for).value = this.value;
  });
  $(document).on('input', 'form.xloud-adjust input[type="number"]', function () {
    $('input[type="range"][data-for="' + this.id + '"]').val(this.value);
  });
  $(document).on('input change', 'form.xloud-adjust', function (event) {
    var $form = $(this);
    if (event.type === 'change') {
      limitSliders($form);
      showMinutes($form);
    }
    requestForecast($form);
  });

  /* Shows the size again and again until the adjustment has ended. */
  function follow($part) {
    if ($part.data('xloud-followed')) {
      return;
    }
    $part.data('xloud-followed', true);
    var milliseconds = 1000 * Number($part.attr('data-seconds'));
    var pause = milliseconds;
    function later() {
      pause *= 2; // Nova, or the session, may not be back soon.
      setTimeout(again, pause);
    }
    function again() {
      if (!document.contains($part[0])) {
        return;
      }
      if (document.hidden || !$part.is(':visible')) {
        setTimeout(again, milliseconds);
        return;
      }
      $.get($part.attr('data-size-url')).done(function (html) {
        if (!html) { // Horizon's answer in place of a redirection.
          later();
          return;
        }
        pause = milliseconds;
        if ($part.html() !== html) {
          $part.html(html);
        }
        if ($part.find('[data-unfinished="true"]').length) {
          setTimeout(again, milliseconds);
        }
      }).fail(function (answer) {
        if (answer.status === EXPIRED) {
          $('<p class="alert alert-warning xloud-expired">').text(expiredText()).prependTo($part);
          return;
        }
        later();
      });
    }
    setTimeout(again, milliseconds);
  }

  function followAll() {
    $('.xloud-live[data-size-url]').each(function () {
      follow($(this));
    });
  }

  horizon.addInitFunction(function () {
    prepare(document);
    followAll();
    horizon.modals.addModalInitFunction(function (modal) {
      prepare(modal);
      focusFirst(modal);
    });
    // A tab is loaded when it is opened.
    $(document).ajaxComplete(followAll);
  });
}(jQuery));
