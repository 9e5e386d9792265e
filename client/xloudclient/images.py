"""What the images of a cloud declare about their guests, through Glance's API."""

from __future__ import annotations

import dataclasses

from openstack import exceptions
from openstack.image.v2._proxy import Proxy
from openstack.image.v2.image import Image

from xloudclient.errors import with_code

#: The properties of an image, by the fields of a declaration.
PROPERTIES = {
    'vcpus': 'os_elastic_vcpus',
    'memory': 'os_elastic_memory',
    'tested': 'os_elastic_tested',
}

#: What Nova takes for ``vcpus`` and ``memory``; ``tested`` is any text.
VCPUS = ('yes', 'grow', 'no')
MEMORY = ('balloon', 'virtio-mem', 'balloon,virtio-mem', 'no')


@dataclasses.dataclass(frozen=True)
class ImageDeclaration:
    """How the guests of an image can change while they run; None is not declared."""

    id: str
    name: str
    #: ``yes``, ``grow`` if vCPUs cannot be removed, or ``no``.
    vcpus: str | None
    #: ``balloon``, ``virtio-mem``, ``balloon,virtio-mem``, or ``no``.
    memory: str | None
    #: Who tested that.
    tested: str | None


class ElasticImages:
    """The images of a cloud, and what they declare about their guests.

    :param image: The ``image`` of an ``openstack.connection.Connection``

    Images are given by name or ID, or as openstacksdk's objects.
    """

    def __init__(self, image: Proxy) -> None:
        self._image = image

    @with_code()
    def image(self, image: str | Image) -> ImageDeclaration:
        """Return what an image declares."""
        image = self._find(image)
        return ImageDeclaration(id=image.id, name=image.name, **_declared(image))

    @with_code()
    def set_image(
        self,
        image: str | Image,
        vcpus: str | None = None,
        memory: str | None = None,
        tested: str | None = None,
    ) -> None:
        """Declare something of an image; what is None stays as it is.

        It applies to servers that are created from the image, or rebuilt with it, afterwards.
        """
        values = {'vcpus': vcpus, 'memory': memory, 'tested': tested}
        self._patch(
            self._find(image),
            [
                {'op': 'add', 'path': f'/{PROPERTIES[field]}', 'value': value}
                for field, value in values.items()
                if value is not None
            ],
        )

    @with_code()
    def unset_image(
        self, image: str | Image, *, vcpus: bool = True, memory: bool = True, tested: bool = True
    ) -> None:
        """Remove what an image declares."""
        image = self._find(image)
        remove = {'vcpus': vcpus, 'memory': memory, 'tested': tested}
        self._patch(
            image,
            [
                {'op': 'remove', 'path': f'/{name}'}
                for field, name in PROPERTIES.items()
                if remove[field] and _declared(image)[field] is not None
            ],
        )

    def _find(self, image: str | Image) -> Image:
        name_or_id = image.id if isinstance(image, Image) else image
        return self._image.find_image(name_or_id, ignore_missing=False)

    def _patch(self, image: Image, changes: list[dict[str, str]]) -> None:
        """Change properties of an image in one request, and leave the others alone."""
        if not changes:
            return
        answer = self._image.patch(
            f'/images/{image.id}',
            json=changes,
            headers={'Content-Type': 'application/openstack-images-v2.1-json-patch'},
            raise_exc=False,
        )
        exceptions.raise_from_response(answer)


def _declared(image: Image) -> dict[str, str | None]:
    # Of an image without properties that openstacksdk does not know, it has none instead of {}.
    properties = image.properties or {}
    return {field: properties.get(name) for field, name in PROPERTIES.items()}
