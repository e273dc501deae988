// The process that holds a pod's namespaces: it waits, reaps children that lost their parent, and leaves when told to.
//
// No C library, so that the image is a few kilobytes and depends on nothing. Signals are blocked and taken one by one instead of
// handled: the kernel drops an unhandled signal to process 1 of a pid namespace, but never a blocked one.

enum { interrupted = 2, terminated = 15, child = 17, no_hang = 1, block = 0 };

#if defined(__x86_64__)
enum { nr_wait4 = 61, nr_exit_group = 231, nr_sigprocmask = 14, nr_sigtimedwait = 128 };
static long call(long number, long a, long b, long c, long d) {
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "+a"(number) : "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return number;
}
#elif defined(__aarch64__)
enum { nr_wait4 = 260, nr_exit_group = 94, nr_sigprocmask = 135, nr_sigtimedwait = 137 };
static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c, x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
#endif

void _start(void) {
  static const unsigned long signals = 1ul << (interrupted - 1) | 1ul << (terminated - 1) | 1ul << (child - 1);
  call(nr_sigprocmask, block, (long)&signals, 0, sizeof signals);
  for (;;) {
    long signal = call(nr_sigtimedwait, (long)&signals, 0, 0, sizeof signals);
    if (signal == interrupted || signal == terminated) call(nr_exit_group, 0, 0, 0, 0);
    while (signal == child && call(nr_wait4, -1, 0, no_hang, 0) > 0) {
    }
  }
}
