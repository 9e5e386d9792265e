"""The URL of the panel."""

from django.urls import path

from xloud_dashboard.hosts import views

urlpatterns = [path('', views.IndexView.as_view(), name='index')]
