"""A guest can start with fewer vCPUs and less memory than its maximum.

The elements that say so stand in the middle of the domain that is formatted
and parsed here.
"""


class LibvirtConfigGuest(LibvirtConfigObject):

    def __init__(*nova):
        ...
        self.vcpus = ...  # nova
        # What the guest starts with if that can be adjusted while it runs,
        # and how many of its vCPUs are never unplugged.
        self.vcpus_current = None
        self.vcpus_minimum = None
        self.current_memory = None
        ...

    def _format_basic_props(*nova):
        ...
        self.format_current(root)

    def format_current(self, root):
        """Add the vCPUs and the memory that the guest starts with.

        :param root: The domain element of a guest, which has its maximum
        """
        if self.current_memory is not None:
            self._replace_after(
                root.find("memory"),
                self._text_node("currentMemory", self.current_memory))

        if self.vcpus_current is not None:
            vcpu = root.find("vcpu")
            vcpu.set("current", str(self.vcpus_current))
            # Without this list libvirt never unplugs a vCPU that the guest
            # has started with.
            vcpus = etree.Element("vcpus")
            for i in range(int(vcpu.text)):
                vcpus.append(self._format_vcpu(i))
            self._replace_after(vcpu, vcpus)

    def _format_vcpu(self, i):
        enabled = i < self.vcpus_current
        # libvirt requires the first one to be permanent.
        is_permanent = i < max(self.vcpus_minimum or 1, 1)
        vcpu = etree.Element(
            "vcpu", id=str(i), enabled=self.get_yes_no_str(enabled),
            hotpluggable=self.get_yes_no_str(not is_permanent))
        if enabled:
            vcpu.set("order", str(i + 1))
        return vcpu

    @staticmethod
    def _replace_after(sibling, element):
        """Put an element after its sibling, in place of any of its name."""
        root = sibling.getparent()
        for old in root.findall(element.tag):
            root.remove(old)
        sibling.addnext(element)

    def _parse_basic_props(*nova):
        ...
        self._parse_current(xmldoc)

    def _parse_current(self, xmldoc):
        if xmldoc.tag == 'currentMemory':
            self.current_memory = int(xmldoc.text)
        elif xmldoc.tag == 'vcpu':
            if xmldoc.get('current') is not None:
                self.vcpus_current = int(xmldoc.get('current'))
        elif xmldoc.tag == 'maxMemory':
            self.max_memory_size = int(xmldoc.text)
            self.max_memory_slots = int(xmldoc.get('slots'))
        elif xmldoc.tag == 'vcpus':
            self.vcpus_current = len(xmldoc.findall("vcpu[@enabled='yes']"))
            self.vcpus_minimum = len(
                xmldoc.findall("vcpu[@hotpluggable='no']"))

    def parse_dom(*nova):
        ...
        for c in xmldoc:  # nova
            if c.tag == 'devices':  # nova
                for d in c:  # nova
                    ...
                    self._parse_virtio_mem(d)
            ...
        ...

    def _parse_virtio_mem(self, xmldoc):
        if xmldoc.tag == 'memory' and xmldoc.get('model') == 'virtio-mem':
            device = LibvirtConfigGuestVirtioMem()
            device.parse_dom(xmldoc)
            self.add_device(device)


class LibvirtConfigMemoryBalloon(LibvirtConfigGuestDevice):

    def __init__(*nova):
        ...
        self.model = ...  # nova
        # Whether the guest takes memory back from its balloon when it runs
        # short of it; None for the default of the hypervisor.
        self.autodeflate = None
        ...

    def format_dom(*nova):
        ...
        if self.autodeflate is not None:
            dev.set('autodeflate', self.get_on_off_str(self.autodeflate))
        return dev  # nova


class LibvirtConfigGuestVPMEM(LibvirtConfigGuestDevice):

    ...


class LibvirtConfigGuestVirtioMem(LibvirtConfigGuestDevice):
    """Memory that is plugged and unplugged block by block, in KiB.

    https://libvirt.org/formatdomain.html#memory-devices
    """

    # Nova finds it again by that, and libvirt names it in events.
    ALIAS = 'ua-elastic'

    def __init__(self, **kwargs):
        super().__init__(root_name="memory", **kwargs)
        self.page_size = None
        self.target_size = 0
        self.target_node = 0
        self.block_size = 2 * units.Ki
        self.requested_size = 0
        # What is plugged. libvirt says so, and takes it from nobody.
        self.current_size = None

    def format_dom(self):
        memory = super().format_dom()
        memory.set("model", "virtio-mem")
        if self.page_size is not None:
            source = etree.SubElement(memory, "source")
            source.append(
                self._text_node("pagesize", self.page_size, unit="KiB"))
        target = etree.SubElement(memory, "target")
        target.append(self._text_node("size", self.target_size, unit="KiB"))
        target.append(self._text_node("node", self.target_node))
        target.append(self._text_node("block", self.block_size, unit="KiB"))
        target.append(
            self._text_node("requested", self.requested_size, unit="KiB"))
        memory.append(etree.Element("alias", name=self.ALIAS))
        return memory

    def parse_dom(self, xmldoc):
        super().parse_dom(xmldoc)
        for name, path in (('page_size', 'source/pagesize'),
                           ('target_size', 'target/size'),
                           ('target_node', 'target/node'),
                           ('block_size', 'target/block'),
                           ('requested_size', 'target/requested'),
                           ('current_size', 'target/current')):
            value = xmldoc.findtext(path)
            if value is not None:
                setattr(self, name, int(value))
