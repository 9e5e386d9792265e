"""The URLs of the forms."""

from django.urls import path, reverse_lazy
from django.views.generic import RedirectView

from xloud_dashboard.content import views

urlpatterns = [
    # Horizon names it in every page of a panel.
    path(
        '', RedirectView.as_view(url=reverse_lazy('horizon:project:instances:index')), name='index'
    ),
    path('<str:server_id>/adjust', views.AdjustView.as_view(), name='adjust'),
    path('<str:server_id>/preview', views.PreviewView.as_view(), name='preview'),
    path('<str:server_id>/size', views.SizeView.as_view(), name='size'),
    path('<str:server_id>/cancel', views.CancelView.as_view(), name='cancel'),
    path('minimums', views.MinimumsView.as_view(), name='minimums'),
    path('flavors/<str:flavor_id>', views.FlavorView.as_view(), name='flavor'),
]
