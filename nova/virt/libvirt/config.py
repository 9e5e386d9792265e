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
        elif xmldoc.tag == 'vcpus':
            self.vcpus_current = len(xmldoc.findall("vcpu[@enabled='yes']"))
            self.vcpus_minimum = len(
                xmldoc.findall("vcpu[@hotpluggable='no']"))


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
