"""The forms, and the parts of pages that change while they are shown."""

from __future__ import annotations

from typing import Any

from django import shortcuts, urls
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import generic
from horizon import exceptions, forms, messages
from horizon.utils import memoized
from openstack_dashboard.api import nova

from xloud_dashboard import api, tabs
from xloud_dashboard import forms as own_forms


class ServerMixin:
    """A view of one server."""

    @memoized.memoized_method
    def server(self) -> Any:
        """Return the server, or go back to the list of servers."""
        try:
            return nova.server_get(self.request, self.kwargs['server_id'])
        except Exception:
            exceptions.handle(self.request, _('The server cannot be shown.'), redirect=self.back())
            raise exceptions.Http302(self.back()) from None

    def back(self) -> str:
        """Return the page that the user came from, or the list of servers."""
        page = self.request.POST.get('next') or self.request.META.get('HTTP_REFERER')
        own = {self.request.get_host()}
        # Not a form of ours, which was opened in a page of its own.
        if page and '/elastic/' not in page and url_has_allowed_host_and_scheme(page, own):
            return page
        return urls.reverse('horizon:project:instances:index')

    def bound(self, data: Any = None) -> own_forms.AdjustForm:
        """Return the form of the server."""
        size = api.size(self.request, self.kwargs['server_id'], fresh=data is None)
        initial = {'server': self.server(), 'size': size, 'next': self.back()}
        return own_forms.AdjustForm(self.request, data=data, initial=initial)


class AdjustView(ServerMixin, forms.ModalFormView):
    """Adjusts a server."""

    form_class = own_forms.AdjustForm
    template_name = 'xloud_dashboard/adjust.html'
    page_title = _('Adjust Size')
    modal_id = 'adjust_size_modal'
    form_id = 'adjust_size_form'
    submit_label = _('Adjust')

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not api.may(request, 'adjust', self.server()):
            messages.error(request, _('You are not allowed to adjust this server.'))
            return shortcuts.redirect(self.back())
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class: Any = None) -> own_forms.AdjustForm:
        data = self.request.POST if self.request.method == 'POST' else None
        try:
            return self.bound(data)
        except api.ERRORS as error:
            messages.error(self.request, ' '.join(api.explain(error)))
            raise exceptions.Http302(self.back()) from error

    def get_success_url(self) -> str:
        return self.back()

    def get_cancel_url(self) -> str:
        return self.back()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        place = {'server_id': self.kwargs['server_id']}
        context['submit_url'] = urls.reverse('horizon:project:elastic:adjust', kwargs=place)
        context['preview_url'] = urls.reverse('horizon:project:elastic:preview', kwargs=place)
        context['server'] = self.server()
        return context


class PreviewView(ServerMixin, generic.View):
    """Says what would become of an adjustment."""

    def post(self, request: HttpRequest, server_id: str) -> HttpResponse:
        try:
            return JsonResponse(own_forms.forecast(self.bound(request.POST), request))
        except api.ERRORS as error:
            reason, advice = api.explain(error)
            return JsonResponse({'outcome': 'refused', 'title': reason, 'reason': advice})


class SizeView(ServerMixin, generic.View):
    """The size of a server, for a page that shows how an adjustment goes on."""

    def get(self, request: HttpRequest, server_id: str) -> HttpResponse:
        context = tabs.context(request, self.server())
        # With an error the page keeps what it shows, and requests it again later.
        status = 503 if 'error' in context else 200
        return shortcuts.render(request, 'xloud_dashboard/_size.html', context, status=status)


class CancelView(ServerMixin, generic.View):
    """Ends an adjustment that waits, or the time of a size."""

    def post(self, request: HttpRequest, server_id: str) -> HttpResponse:
        try:
            if request.POST.get('what') == 'time':
                size = api.size(request, server_id, fresh=True)
                api.adjust(
                    request,
                    server_id,
                    vcpus=size.return_vcpus,
                    memory_mb=size.return_memory_mb,
                )
                messages.success(request, _('The server goes back to its earlier size.'))
            else:
                api.cancel(request, server_id)
                messages.success(request, _('The adjustment is cancelled.'))
        except api.ERRORS as error:
            messages.error(request, ' '.join(api.explain(error)))
        return shortcuts.redirect(self.back())


class MinimumsView(generic.View):
    """The minimums of flavors, for who launches servers."""

    def get(self, request: HttpRequest) -> HttpResponse:
        try:
            return JsonResponse(api.minimums(request))
        except api.ERRORS as error:
            return JsonResponse({'reason': ' '.join(api.explain(error))}, status=503)


class FlavorView(forms.ModalFormView):
    """Sets the minimums of a flavor."""

    form_class = own_forms.FlavorForm
    template_name = 'xloud_dashboard/flavor.html'
    page_title = _('Make Elastic')
    modal_id = 'elastic_flavor_modal'
    form_id = 'elastic_flavor_form'
    submit_label = _('Save')
    success_url = reverse_lazy('horizon:admin:flavors:index')

    @memoized.memoized_method
    def flavor(self) -> Any:
        """Return the bounds of the flavor, or go back to the list of flavors."""
        try:
            return api.flavor(self.request, self.kwargs['flavor_id'])
        except api.ERRORS as error:
            messages.error(self.request, ' '.join(api.explain(error)))
            raise exceptions.Http302(str(self.success_url)) from error

    def get_initial(self) -> dict[str, Any]:
        flavor = self.flavor()
        return {
            'flavor': flavor,
            'min_vcpus': _unless(flavor.max_vcpus, flavor.min_vcpus),
            'min_memory_mb': _unless(flavor.max_memory_mb, flavor.min_memory_mb),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        place = {'flavor_id': self.kwargs['flavor_id']}
        context['submit_url'] = urls.reverse('horizon:project:elastic:flavor', kwargs=place)
        context['flavor'] = self.flavor()
        return context


def _unless(maximum: int, minimum: int) -> int | None:
    """Return a minimum, or None for a resource that is fixed."""
    return minimum if minimum < maximum else None
