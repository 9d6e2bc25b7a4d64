/*
** http.c - asks for a file over HTTP, again and again on each connection, and
** verifies every byte of it.
** usage: http PORT CONNECTIONS FILE NAME
** Takes the commands of load, and answers like it; a message is a response.
*/
#include "lib/common.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 4096, ROOM = 65536, REQUEST = 512 };
enum { SEND, RECV };

typedef struct Client {
  int fd;
  int in_body;
  size_t got; /* bytes of the head, or of the body */
  uint64_t asked_at;
  char bytes[ROOM];
} Client;

typedef struct Load {
  struct io_uring ring;
  unsigned count, busy;
  uint64_t messages, waited;
  int is_going;
  char request[REQUEST];
  size_t request_size, size;
  char *file;
  Client *clients;
} Load;

static _Noreturn void wrong(const char *what) {
  errno = EBADMSG;
  die(what);
}

static void receive(Load *load, Client *client) {
  struct io_uring_sqe *sqe = next_sqe(&load->ring);
  size_t at = client->in_body ? 0 : client->got;
  io_uring_prep_recv(sqe, client->fd, client->bytes + at, ROOM - at - 1, 0);
  sqe->user_data = (__u64)(client - load->clients) << 1 | RECV;
  load->busy++;
}

static void ask(Load *load, Client *client) {
  struct io_uring_sqe *sqe = next_sqe(&load->ring);
  io_uring_prep_send(sqe, client->fd, load->request, load->request_size,
                     MSG_NOSIGNAL | MSG_WAITALL);
  sqe->user_data = (__u64)(client - load->clients) << 1 | SEND;
  client->in_body = 0;
  client->got = 0;
  client->asked_at = now_ns();
  load->busy++;
}

static void take_body(Load *load, Client *client, const char *bytes,
                      size_t count) {
  if (client->got + count > load->size ||
      memcmp(bytes, load->file + client->got, count) != 0) {
    wrong("http: the body");
  }
  client->got += count;
  if (client->got < load->size) {
    receive(load, client);
    return;
  }
  load->messages++;
  load->waited += now_ns() - client->asked_at;
  if (load->is_going) {
    ask(load, client);
  }
}

/* The head tells how long the body is; chunks are not understood. */
static void take_head(Load *load, Client *client, size_t count) {
  client->got += count;
  client->bytes[client->got] = 0;
  char *end = strstr(client->bytes, "\r\n\r\n");
  if (!end) {
    if (client->got >= ROOM - 1) {
      wrong("http: the head");
    }
    receive(load, client);
    return;
  }
  char *length = strcasestr(client->bytes, "\r\ncontent-length:");
  if (strncmp(client->bytes, "HTTP/1.1 200", 12) != 0 || !length ||
      length > end || strtoul(length + 17, NULL, 10) != load->size) {
    wrong("http: the head");
  }
  size_t head = (size_t)(end + 4 - client->bytes);
  size_t rest = client->got - head;
  client->in_body = 1;
  client->got = 0;
  take_body(load, client, end + 4, rest);
}

static void completed(Load *load, const struct io_uring_cqe *cqe) {
  Client *client = &load->clients[cqe->user_data >> 1];
  size_t count = (size_t)need(cqe->res, "http");
  load->busy--;
  if ((cqe->user_data & 1) == SEND) {
    receive(load, client);
  } else if (count == 0) {
    wrong("http: the connection");
  } else if (client->in_body) {
    take_body(load, client, client->bytes, count);
  } else {
    take_head(load, client, count);
  }
}

static void turn(Load *load) {
  struct io_uring_cqe *cqe;
  unsigned head, count = 0;
  need(wait_patiently(&load->ring), "http: submit");
  io_uring_for_each_cqe(&load->ring, head, cqe) {
    completed(load, cqe);
    count++;
  }
  io_uring_cq_advance(&load->ring, count);
}

static void run(Load *load, uint64_t milliseconds) {
  uint64_t start = now_ns(), stop = start + milliseconds * 1000000;
  load->messages = load->waited = 0;
  load->is_going = 1;
  for (unsigned i = 0; i < load->count; i++) {
    ask(load, &load->clients[i]);
  }
  while (now_ns() < stop) {
    turn(load);
  }
  uint64_t messages = load->messages, waited = load->waited;
  uint64_t time = now_ns() - start;
  load->is_going = 0;
  while (load->busy > 0) {
    turn(load);
  }
  say_ran(messages, waited, time);
}

static void read_file(Load *load, const char *path) {
  struct stat status;
  int fd = need(open(path, O_RDONLY | O_CLOEXEC), path);
  need(fstat(fd, &status), path);
  load->size = (size_t)status.st_size;
  load->file = malloc(load->size + 1);
  if (!load->file || read(fd, load->file, load->size) != status.st_size) {
    die(path);
  }
  close(fd);
}

static void connect_all(Load *load, uint16_t port) {
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons(port) };
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (unsigned i = 0; i < load->count; i++) {
    int on = 1, fd = need(socket(AF_INET, SOCK_STREAM, 0), "socket");
    need(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), "nodelay");
    need(connect(fd, (struct sockaddr *)&address, sizeof address), "connect");
    load->clients[i].fd = fd;
  }
}

int main(int argc, char **argv) {
  char line[64];
  unsigned long long milliseconds;
  static Load load;
  if (argc != 5) {
    fputs("usage: http PORT CONNECTIONS FILE NAME\n", stderr);
    return 2;
  }
  uint16_t port = (uint16_t)number(argv[1], "port", 1, 65535);
  load.count = (unsigned)number(argv[2], "connections", 1, 4096);
  load.clients = calloc(load.count, sizeof *load.clients);
  if (!load.clients) {
    die("memory");
  }
  read_file(&load, argv[3]);
  load.request_size =
      (size_t)snprintf(load.request, REQUEST,
                       "GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[4]);
  open_ring(&load.ring, ENTRIES);
  connect_all(&load, port);
  puts("ready 0 ?");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "run %llu", &milliseconds) == 1) {
      run(&load, milliseconds);
    }
    fflush(stdout);
  }
  return 0;
}
