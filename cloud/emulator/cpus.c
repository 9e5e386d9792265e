/*
 * Repairs CPUs that QEMU emulates itself: they can be taken away, and their guest migrates.
 *
 * Without KVM, an x86 CPU that was unplugged is never freed: memory regions that
 * it owns hold on to it. (QEMU 7.2 to 11.1, at least.) From this follows that
 *
 *  - DEVICE_DELETED, sent when a device is freed, does not come. libvirt waits for
 *    it, and goes on counting the CPU;
 *  - the CPU still listens to the memory map. QEMU 7.2 then crashes at the next change
 *    of it, such as a plug, for it writes into caches of the CPU that were freed; or a
 *    migration, or a save, waits for ever for the CPU's thread, which has ended.
 *
 * Besides, each plug takes one more translation context, of which there are as many
 * as the guest may have CPUs: the plug that finds none ends QEMU.
 *
 * And before QEMU 9.0, a migration that has noted which memory is to be sent again
 * does not notify the CPUs: what they write from then on to pages that they know is
 * not noted, not sent, and lost. A guest that is busy then dies of it now and then.
 *
 * This library, preloaded into QEMU, stands before three of its functions. A CPU that
 * goes first stops listening, and afterwards its end is reported. The translation
 * context of a thread that ends is handed to the next one that starts. And CPUs forget
 * what pages they know before a migration sends any.
 *
 * What it needs of QEMU it finds by name; what a name is missing for it leaves alone.
 * With KVM, QEMU does not call the first two functions, and the third is as ever.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef QEMU_MAJOR
#error "QEMU_MAJOR: the version of QEMU that this is for"
#endif

/* The length of the code that jumps to an address: mov rax, address; jmp rax. */
#define JUMP 12

/* An x86 CPU sees memory in two ways: as usual, and in system management mode. */
#define ADDRESS_SPACES 2

/* More than one guest can have. */
#define CPUS 1024

/* A function of QEMU whose calls come to one of ours. */
struct function {
    unsigned char *at;
    unsigned char own[JUMP];
    unsigned char jump[JUMP];
};

struct context {
    struct context *next;
    void *tcg;
};

static struct function unrealize, register_thread, after_sync;

static char *(*object_path)(void *object);
static void *(*address_space)(void *cpu, int number);
static void (*remove_listeners)(void *address_space);
static void *(*get_cpu)(int number);
static void (*flush_pages)(void *cpu);
static bool *emulated;
#if QEMU_MAJOR < 8
static void (*send_deleted)(bool has_device, const char *device, const char *path);
#else
static void (*send_deleted)(const char *device, const char *path);
#endif

static pthread_mutex_t code_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t context_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t context_of_thread;
static struct context *unused;

static void write_code(unsigned char *at, const unsigned char *code)
{
    uintptr_t page = (uintptr_t)at & -(uintptr_t)getpagesize();
    size_t length = (uintptr_t)at + JUMP - page;

    pthread_mutex_lock(&code_lock);
    if (mprotect((void *)page, length, PROT_READ | PROT_WRITE | PROT_EXEC) == 0) {
        memcpy(at, code, JUMP);
        mprotect((void *)page, length, PROT_READ | PROT_EXEC);
    }
    pthread_mutex_unlock(&code_lock);
}

static void redirect(struct function *function, void *to)
{
    static const unsigned char jump[JUMP] = {0x48, 0xb8, [10] = 0xff, [11] = 0xe0};

    memcpy(function->own, function->at, JUMP);
    memcpy(function->jump, jump, JUMP);
    memcpy(function->jump + 2, &to, sizeof(to));
    write_code(function->at, function->jump);
}

/* Calls QEMU's own; callers see to it that nobody else does at that time. */
static void call(struct function *function, void *argument)
{
    write_code(function->at, function->own);
    ((void (*)(void *))function->at)(argument);
    write_code(function->at, function->jump);
}

/* The thread of the CPU has ended. QEMU's big lock is held until the CPU is out of
 * the machine, so whoever hears of its end finds it gone. */
static void before_unrealize(void *cpu)
{
    static const char plugged[] = "/machine/peripheral/";
    char *path = object_path(cpu);

    for (int number = 0; number < ADDRESS_SPACES; number++) {
        remove_listeners(address_space(cpu, number));
    }
    call(&unrealize, cpu);
    if (path != NULL && strncmp(path, plugged, sizeof(plugged) - 1) == 0) {
        const char *device = path + sizeof(plugged) - 1;
#if QEMU_MAJOR < 8
        send_deleted(true, device, path);
#else
        send_deleted(device, path);
#endif
    }
    free(path);
}

/* In the thread of a CPU that starts. */
static void before_register_thread(void)
{
    void **tcg = dlsym(RTLD_DEFAULT, "tcg_ctx");

    pthread_mutex_lock(&context_lock);
    struct context *context = unused;
    if (context != NULL) {
        unused = context->next;
        *tcg = context->tcg;
    } else {
        context = malloc(sizeof(*context));
        if (context == NULL) {
            abort();
        }
        call(&register_thread, NULL);
        context->tcg = *tcg;
    }
    pthread_mutex_unlock(&context_lock);
    pthread_setspecific(context_of_thread, context);
}

/* At the end of that thread. */
static void give_back(void *value)
{
    struct context *context = value;

    pthread_mutex_lock(&context_lock);
    context->next = unused;
    unused = context;
    pthread_mutex_unlock(&context_lock);
}

/* Called with QEMU's big lock, which QEMU's own lets go of while it waits until each
 * CPU has done what was requested of it. Whoever comes in between to have a display drawn
 * finds QEMU's own alone, which is enough for that. */
static void before_after_sync(void)
{
    for (int number = 0; *emulated && number < CPUS; number++) {
        void *cpu = get_cpu(number);
        if (cpu != NULL) {
            flush_pages(cpu);
        }
    }
    call(&after_sync, NULL);
}

static bool find(void *place, const char *name)
{
    void *address = dlsym(RTLD_DEFAULT, name);

    memcpy(place, &address, sizeof(address));
    return address != NULL;
}

__attribute__((constructor)) static void start(void)
{
    void *tcg;

    if (find(&unrealize.at, "tcg_exec_unrealizefn") &&
        find(&register_thread.at, "tcg_register_thread") &&
        find(&object_path, "object_get_canonical_path") &&
        find(&address_space, "cpu_get_address_space") &&
        find(&remove_listeners, "address_space_remove_listeners") &&
        find(&send_deleted, "qapi_event_send_device_deleted") && find(&tcg, "tcg_ctx") &&
        pthread_key_create(&context_of_thread, give_back) == 0) {
        redirect(&unrealize, (void *)before_unrealize);
        redirect(&register_thread, (void *)before_register_thread);
    }
    if (QEMU_MAJOR < 9 && find(&after_sync.at, "memory_global_after_dirty_log_sync") &&
        find(&get_cpu, "qemu_get_cpu") && find(&flush_pages, "tlb_flush") &&
        find(&emulated, "tcg_allowed")) {
        redirect(&after_sync, (void *)before_after_sync);
    }
}
