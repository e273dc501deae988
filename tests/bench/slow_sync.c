// Preloaded into a program (LD_PRELOAD): counts its syncs and, when told, makes each slower, as a disk behind a network
// is. SLOW_SYNC_US: what is added to each; SLOW_SYNC_COUNTS: a file that holds two 64-bit numbers, syncs and their
// nanoseconds.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t* counts;
static long added_ns;

__attribute__((constructor)) static void open_counts(void) {
  const char* file = getenv("SLOW_SYNC_COUNTS");
  const char* added = getenv("SLOW_SYNC_US");
  if (added) added_ns = atol(added) * 1000;
  int fd = file ? open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd < 0 || ftruncate(fd, 16) != 0) return;
  void* at = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) counts = at;
  close(fd);
}

static int slowly(const char* name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  struct timespec begun, ended, wait = {added_ns / 1000000000, added_ns % 1000000000};
  clock_gettime(CLOCK_MONOTONIC, &begun);
  int result = real(fd);
  if (added_ns) nanosleep(&wait, NULL);
  clock_gettime(CLOCK_MONOTONIC, &ended);
  if (counts) {
    __atomic_fetch_add(&counts[0], 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&counts[1], (ended.tv_sec - begun.tv_sec) * 1000000000 + ended.tv_nsec - begun.tv_nsec,
                       __ATOMIC_RELAXED);
  }
  return result;
}

int fsync(int fd) {
  return slowly("fsync", fd);
}
int fdatasync(int fd) {
  return slowly("fdatasync", fd);
}
