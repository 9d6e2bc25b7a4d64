/*
** deny.c - runs a program for which io_uring_setup(2) fails, as it does
** under the seccomp filters of containers.
**   deny ERRNO program [argument...]     ERRNO is a number
*/
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int install(unsigned code) {
  struct sock_filter steps[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof steps / sizeof *steps, steps };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return -1;
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv) {
  unsigned code = argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
  if (code == 0 || code > 4095) {
    fputs("usage: deny ERRNO program [argument...]\n", stderr);
    return 125;
  }
  if (install(code) != 0) {
    perror("deny: seccomp");
    return 126;
  }
  execvp(argv[2], argv + 2);
  perror(argv[2]);
  return 127;
}
