"""The forms in which a server is adjusted, and a flavor made elastic."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from horizon import forms as horizon_forms
from horizon import messages

from xloud_dashboard import api, limits, words

PERMANENT, NEXT_START, LIMITED = 'permanent', 'next_start', 'limited'

#: The longest time of a limited size that Nova allows: 31 days, in minutes.
_LONGEST_MINUTES = 31 * 24 * 60


class AdjustForm(horizon_forms.SelfHandlingForm):
    """What a server is to have, for how long, and what happens if its host is full."""

    vcpus = forms.IntegerField(label=_('vCPUs'), required=False)
    memory_mb = forms.IntegerField(label=_('Memory in MiB'), required=False)
    lasts = forms.ChoiceField(
        label=_('How long'),
        choices=(
            (PERMANENT, _('Permanently')),
            (NEXT_START, _('Until the next start of the server')),
            (LIMITED, _('For a limited time')),
        ),
        initial=PERMANENT,
    )
    minutes = forms.IntegerField(
        label=_('Minutes'),
        required=False,
        min_value=1,
        max_value=_LONGEST_MINUTES,
        initial=60,
        widget=forms.NumberInput({'class': 'form-control'}),
    )
    when_full = forms.ChoiceField(label=_('If the host is full'), required=False)
    next = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.server = self.initial['server']
        size = self.initial['size']
        self.limits = {'vcpus': limits.of_vcpus(size), 'memory_mb': limits.of_memory(size)}
        for name, error in (
            ('vcpus', _('This server can have %(low)s to %(high)s vCPUs.')),
            ('memory_mb', _('This server can have %(low)s to %(high)s MiB of memory.')),
        ):
            self._limit(name, error)
        self.fields['when_full'].choices = self._choices_when_full()
        if self.server.status == 'SHUTOFF':
            # Nova adjusts a stopped server permanently alone.
            self.fields['lasts'].choices = self.fields['lasts'].choices[:1]

    def _limit(self, name: str, error: Any) -> None:
        """Let a field accept what the flavor allows; without a choice it goes."""
        own = self.limits[name]
        if not own.adjustable:
            del self.fields[name]
            return
        field = forms.IntegerField(
            label=self.fields[name].label,
            min_value=own.minimum,
            max_value=own.maximum,
            initial=own.current,
        )
        text = error % {'low': own.minimum, 'high': own.maximum}
        field.error_messages.update(invalid=text, required=text)
        for validator in field.validators:
            validator.message = text
        field.widget.attrs.update({'class': 'form-control', 'aria-describedby': f'id_{name}_help'})
        self.fields[name] = field

    def _choices_when_full(self) -> list[tuple[str, Any]]:
        """Offer what the policy allows the user."""
        choices = [('', _('As its flavor and this cloud say')), ('refuse', _('Do not adjust it'))]
        if api.may(self.request, 'adjust:wait', self.server):
            choices.append(('wait', _('Wait until the host has the capacity')))
        if api.may(self.request, 'adjust:move', self.server):
            choices.append(('move', _('Move the server to another host')))
        return choices

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get('lasts') == LIMITED and not data.get('minutes'):
            self.add_error('minutes', _('For how many minutes?'))
        return data

    def adjustment(self) -> dict[str, Any]:
        """Return what is requested, as the client takes it."""
        data = self.cleaned_data
        return {
            'vcpus': data.get('vcpus'),
            'memory_mb': data.get('memory_mb'),
            'live_only': data['lasts'] == NEXT_START,
            'for_seconds': data['minutes'] * 60 if data['lasts'] == LIMITED else None,
            'when_full': data['when_full'] or None,
        }

    def handle(self, request: HttpRequest, data: dict[str, Any]) -> bool:
        try:
            size = api.adjust(request, self.server.id, **self.adjustment())
        except api.ERRORS as error:
            self.add_error(None, ' '.join(part for part in api.explain(error) if part))
            return False
        name = self.server.name
        if size.adjust and size.adjust.state == 'waiting':
            text = _('%s is adjusted as soon as its host has the capacity.')
        elif size.adjust and size.adjust.state == 'moving':
            text = _('%s is moved to another host and adjusted there.')
        else:
            text = _('%s is being adjusted.')
        messages.success(request, text % name)
        return True


class FlavorForm(horizon_forms.SelfHandlingForm):
    """The minimums of a flavor."""

    min_vcpus = forms.IntegerField(label=_('Minimum of vCPUs'), required=False)
    min_memory_mb = forms.IntegerField(label=_('Minimum of memory in MiB'), required=False)

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.flavor = self.initial['flavor']
        for name, maximum, error in (
            ('min_vcpus', self.flavor.max_vcpus, _('Choose 1 to %s vCPUs.')),
            ('min_memory_mb', self.flavor.max_memory_mb, _('Choose 1 to %s MiB of memory.')),
        ):
            field = forms.IntegerField(
                label=self.fields[name].label, required=False, min_value=1, max_value=maximum
            )
            field.error_messages['invalid'] = error % maximum
            for validator in field.validators:
                validator.message = error % maximum
            attributes = {'class': 'form-control', 'aria-describedby': 'xloud_flavor_help'}
            field.widget.attrs.update(attributes)
            self.fields[name] = field

    def handle(self, request: HttpRequest, data: dict[str, Any]) -> bool:
        try:
            api.set_flavor(request, self.flavor.id, data['min_vcpus'], data['min_memory_mb'])
        except api.ERRORS as error:
            self.add_error(None, ' '.join(part for part in api.explain(error) if part))
            return False
        messages.success(request, _('The minimums of %s are set.') % self.flavor.name)
        return True


def forecast(form: AdjustForm, request: HttpRequest) -> dict[str, str]:
    """Return in words what would become of the adjustment in a form."""
    if not form.is_valid():
        errors = [error for field in form.errors.values() for error in field]
        return _forecast('refused', ' '.join(errors), '')
    try:
        outcome = api.dry_run(request, form.server.id, **form.adjustment())
    except api.ERRORS as error:
        return _forecast('refused', *api.explain(error))
    return _forecast(outcome.outcome, outcome.reason or '', words.advice(outcome.code))


def _forecast(outcome: str, reason: str, advice: str) -> dict[str, str]:
    return {
        'outcome': outcome,
        'title': str(words.OUTCOMES.get(outcome, outcome)),
        'reason': reason,
        'advice': advice if outcome == 'refused' else '',
    }
