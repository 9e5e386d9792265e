"""What QEMU needs so that it takes CPUs away from guests it emulates itself."""
