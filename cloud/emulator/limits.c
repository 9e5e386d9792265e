/*
 * Lets libvirt limit the memory of guests where it may not raise the limit on locked memory.
 *
 * A limit of a guest's memory is for libvirt also how much of it may be locked, and it sets
 * that when the guest starts. Root of a container may not raise it, and the guest would not
 * start, though none here locks any memory. Preloaded into libvirtd, this says that the
 * limit was raised.
 */

#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

int prlimit(pid_t pid, __rlimit_resource_t resource, const struct rlimit *requested,
            struct rlimit *before)
{
    int (*own)(pid_t, int, const struct rlimit *, struct rlimit *);
    int result;

    *(void **)&own = dlsym(RTLD_NEXT, "prlimit64");
    result = own(pid, resource, requested, before);
    if (result != 0 && errno == EPERM && resource == RLIMIT_MEMLOCK) {
        return own(pid, resource, NULL, before);
    }
    return result;
}

int setrlimit(__rlimit_resource_t resource, const struct rlimit *requested)
{
    return prlimit(0, resource, requested, NULL);
}
