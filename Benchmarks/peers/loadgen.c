/* loadgen.c - a bounded closed-loop HTTP/1.1 load generator; one thread, epoll, loopback only. Prints ONE JSON line.
 *   loadgen -p PORT [-a 127.0.0.1] [-c connections] [-n operations] [-d max seconds] [-X METHOD] [-u PATH] [-H 'K: V']... [-b BODY]
 *           [-B FILE] [-m simple|sse|job] [-e EXPECT] [-r ramp_ms] [-T op_timeout_ms]
 *           job mode: [-i ID_FIELD] [-q POLL_PATH_WITH_{id}] [-D DONE_TEXT] [-F FAILED_TEXT] [-w poll_pause_ms]
 * simple: one request, whole answer.   sse: the same; also counts "data:" events, needs "[DONE]", time to first body byte.
 * job:    POST, take the id from the answer, GET the poll path until the answer holds DONE_TEXT (long poll: set the wait in the path).
 * -B: bodies, one a line, taken in turn (instead of -b).
 * {seq} in PATH or BODY becomes a 10-digit number of its own for every operation.
 * Every operation counts once: ok or as an error (status, timeout, connection, content).  At most n operations, at most d seconds; what still runs a
 * second after that is cut off and counted in "cut", neither ok nor an error.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
typedef unsigned long long u64;
enum { S_OFF, S_CONNECT, S_SEND, S_HEAD, S_BODY, S_PAUSE };
typedef struct conn {
  int fd, st, idx, phase, status, chunked, keep, last_ok, fresh; long clen, got; /* phase 0 = first request, 1 = poll */
  u64 t0, t_first, due; char *out; size_t out_len, out_off, out_cap;
  char *in; size_t in_len, in_cap; char *body; size_t b_len, b_cap; /* decoded body */
  int cst; long crem; char id[128]; u64 polls; int counting;
} conn;
static int port = 8080, C = 1, rampms = 0, timeout_ms = 60000, pause_ms = 0, mode = 0; static long N = 1000; static double D = 30;
static const char *addr = "127.0.0.1", *method = "GET", *path = "/", *body = NULL, *expect = NULL, *idf = "id", *pollp = "/jobs/{id}", *donet = "completed", *failt = NULL;
static char hdrs[4096];
static char **bodies; static long nbodies; /* -B */
static int ep; static conn *cs; static long started, finished; static u64 T0, Tend, seq;
static double *lat, *ttfb, *sub; static long nl, nt, nsub;
static u64 ok, e_conn, e_timeout, e_content, e_status, e_cut, bytes, events, polls, reconnects, codes[1000];
static char sample_err[300];

static u64 now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (u64)t.tv_sec * 1000000ull + t.tv_nsec / 1000; }
static void mod(conn *c, int w, int add) { struct epoll_event e = {.events = EPOLLIN | (w ? EPOLLOUT : 0), .data.u32 = c->idx}; epoll_ctl(ep, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &e); }
static void closec(conn *c) { if (c->fd >= 0) close(c->fd); c->fd = -1; }
static void start_op(conn *c);
static void send_req(conn *c);
static size_t subst(char *dst, const char *src, const char *key, const char *val) {
  size_t n = 0, kl = strlen(key), vl = strlen(val); while (*src) { if (*src == '{' && !strncmp(src, key, kl)) { memcpy(dst + n, val, vl); n += vl; src += kl; } else dst[n++] = *src++; } dst[n] = 0; return n;
}
static void build(conn *c) {
  char p[1024], s[24]; c->out_off = 0;
  if (c->phase == 0) {
    snprintf(s, sizeof s, "%010llu", ++seq); subst(p, path, "{seq}", s);
    if (nbodies) body = bodies[(seq - 1) % nbodies];
    size_t bl = 0; size_t tl = body ? strlen(body) * 2 + 64 : 0, need = 8192 + tl; if (c->out_cap < need) { c->out_cap = need; c->out = realloc(c->out, need); }
    static char *tmp; static size_t tmp_cap; if (tl > tmp_cap) { tmp_cap = tl; tmp = realloc(tmp, tl); }
    if (body) bl = subst(tmp, body, "{seq}", s);
    int n = snprintf(c->out, c->out_cap, "%s %s HTTP/1.1\r\nHost: %s:%d\r\n%s", method, p, addr, port, hdrs);
    if (body) n += snprintf(c->out + n, c->out_cap - n, "Content-Type: application/json\r\nContent-Length: %zu\r\n", bl);
    n += snprintf(c->out + n, c->out_cap - n, "\r\n"); if (body) { memcpy(c->out + n, tmp, bl); n += bl; }
    c->out_len = n;
  } else {
    subst(p, pollp, "{id}", c->id); if (c->out_cap < 8192) { c->out_cap = 8192; c->out = realloc(c->out, 8192); }
    c->out_len = snprintf(c->out, c->out_cap, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n", p, addr, port, hdrs);
  }
}
static void op_end(conn *c, int good, int closeit) {
  if (c->counting) { c->counting = 0; finished++; if (good) { ok++; lat[nl++] = (now() - c->t0) / 1000.0; } }
  c->st = S_OFF; if (closeit) closec(c);
}
static void next(conn *c) { if (c->st == S_OFF && started < N && now() < Tend) start_op(c); }
static void conn_err(conn *c) {
  /* an idle keep-alive connection that the server closed: retry once on a new one, uncounted */
  if (!c->fresh && c->st != S_BODY && c->in_len == 0 && c->counting) { closec(c); reconnects++; c->fresh = 1; c->in_len = 0; send_req(c); return; }
  e_conn++; op_end(c, 0, 1); next(c);
}
static void do_send(conn *c) {
  while (c->out_off < c->out_len) {
    ssize_t w = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
    if (w > 0) { c->out_off += w; continue; }
    if (w < 0 && errno == EAGAIN) { mod(c, 1, 0); return; }
    conn_err(c); return;
  }
  c->st = S_HEAD;
}
static void send_req(conn *c) {
  build(c); c->in_len = c->b_len = 0; c->status = 0; c->clen = -1; c->chunked = 0; c->keep = 1; c->t_first = 0; c->cst = 0; c->crem = 0; c->got = 0;
  if (c->fd < 0) {
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); if (c->fd < 0) { e_conn++; op_end(c, 0, 1); return; }
    int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)}; inet_pton(AF_INET, addr, &a.sin_addr);
    c->fresh = 1; c->st = S_CONNECT;
    if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) { e_conn++; op_end(c, 0, 1); return; }
    mod(c, 1, 1); return;
  }
  c->fresh = 0; c->st = S_SEND; do_send(c);
}
static void start_op(conn *c) { started++; c->counting = 1; c->phase = 0; c->t0 = now(); c->polls = 0; send_req(c); }
static void addb(conn *c, const char *p, size_t n) { if (c->b_len + n + 1 > c->b_cap) { c->b_cap = (c->b_len + n) * 2 + 1024; c->body = realloc(c->body, c->b_cap); } memcpy(c->body + c->b_len, p, n); c->b_len += n; c->body[c->b_len] = 0; }
static void bad(conn *c, const char *why) { if (!sample_err[0]) snprintf(sample_err, sizeof sample_err, "%s: status %d: %.160s", why, c->status, c->b_len ? c->body : ""); }
static void complete(conn *c) {
  int cl = !c->keep; if (c->status >= 0 && c->status < 1000) codes[c->status]++;
  if (!c->body) addb(c, "", 0);
  if (c->b_len == 0) c->body[0] = 0;
  if (c->status < 200 || c->status > 299) { e_status++; bad(c, "status"); op_end(c, 0, cl); next(c); return; }
  if (mode == 2) {
    if (c->phase == 0) {
      sub[nsub++] = (now() - c->t0) / 1000.0;
      char k[80]; snprintf(k, sizeof k, "\"%s\"", idf); char *p = strstr(c->body, k);
      if (!p) { e_content++; bad(c, "no id"); op_end(c, 0, cl); next(c); return; }
      p += strlen(k); while (*p == ' ' || *p == ':') p++; int q = *p == '"'; if (q) p++; int i = 0; while (*p && i < 127 && (q ? *p != '"' : (*p != ',' && *p != '}' && *p != ' '))) c->id[i++] = *p++; c->id[i] = 0;
      c->phase = 1; if (cl) closec(c); send_req(c); return;
    }
    polls++; c->polls++;
    if (strstr(c->body, donet)) { if (expect && !strstr(c->body, expect)) { e_content++; bad(c, "content"); op_end(c, 0, cl); } else op_end(c, 1, cl); next(c); return; }
    if (failt && strstr(c->body, failt)) { e_content++; bad(c, "job failed"); op_end(c, 0, cl); next(c); return; }
    if (cl) closec(c);
    if (pause_ms) { c->st = S_PAUSE; c->due = now() + pause_ms * 1000ull; return; }
    send_req(c); return;
  }
  int good = 1;
  if (mode == 1) { char *p = c->body; while ((p = strstr(p, "data:"))) { events++; p += 5; } if (!strstr(c->body, "[DONE]")) good = 0; }
  if (expect && !strstr(c->body, expect)) good = 0;
  if (!good) { e_content++; bad(c, "content"); }
  else if (c->t_first) ttfb[nt++] = (c->t_first - c->t0) / 1000.0;
  op_end(c, good, cl); next(c);
}
/* feed bytes of the body; 1 = answer complete */
static int feed(conn *c, const char *p, size_t n) {
  if (!c->t_first && n) c->t_first = now();
  if (!c->chunked) { addb(c, p, n); c->got += n; return c->clen >= 0 && c->got >= c->clen; }
  size_t i = 0;
  while (i < n) {
    switch (c->cst) {
    case 0: { char ch = p[i++]; if (ch == '\n') { if (c->crem == 0) c->cst = 3; else c->cst = 1; } else { int v = ch >= '0' && ch <= '9' ? ch - '0' : (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10 : -1; if (v >= 0) c->crem = c->crem * 16 + v; } break; }
    case 1: { size_t k = n - i < (size_t)c->crem ? n - i : (size_t)c->crem; addb(c, p + i, k); i += k; c->crem -= k; if (!c->crem) c->cst = 2; break; }
    case 2: if (p[i++] == '\n') { c->cst = 0; c->crem = 0; } break;
    case 3: if (p[i++] == '\n') return 1; break;
    }
  }
  return 0;
}
static void do_read(conn *c) {
  static char buf[262144];
  for (;;) {
    ssize_t r = recv(c->fd, buf, sizeof buf, 0);
    if (r < 0) { if (errno == EAGAIN) return; if (errno == EINTR) continue; conn_err(c); return; }
    if (r == 0) {
      if (c->st == S_BODY && !c->chunked && c->clen < 0) { c->keep = 0; complete(c); return; }
      if (c->st == S_OFF || c->st == S_PAUSE) { closec(c); return; }
      conn_err(c); return;
    }
    bytes += r;
    if (c->st == S_BODY) { if (feed(c, buf, r)) { complete(c); return; } }
    else if (c->st == S_HEAD || c->st == S_SEND) {
      if (c->in_cap < c->in_len + r + 1) { c->in_cap = c->in_len + r + 4096; c->in = realloc(c->in, c->in_cap); }
      memcpy(c->in + c->in_len, buf, r); c->in_len += r; c->in[c->in_len] = 0;
      char *e;
      again: e = memmem(c->in, c->in_len, "\r\n\r\n", 4); if (!e) continue;
      c->status = atoi(c->in + 9); size_t hl = e - c->in + 4;
      if (c->status == 100) { memmove(c->in, c->in + hl, c->in_len - hl); c->in_len -= hl; goto again; }
      *e = 0; char *p = c->in;
      while ((p = strstr(p, "\r\n"))) { p += 2; if (!strncasecmp(p, "content-length:", 15)) c->clen = atol(p + 15); else if (!strncasecmp(p, "transfer-encoding:", 18)) c->chunked = 1; else if (!strncasecmp(p, "connection:", 11)) { char *v = p + 11; while (*v == ' ') v++; if (!strncasecmp(v, "close", 5)) c->keep = 0; } }
      c->st = S_BODY; size_t rest = c->in_len - hl;
      int done = 0; if (c->status == 204 || (!c->chunked && c->clen == 0)) done = 1; else if (rest) done = feed(c, c->in + hl, rest);
      if (done) { complete(c); return; }
    } else return;
    if ((size_t)r < sizeof buf) return;
  }
}
static int cmp(const void *a, const void *b) { double x = *(double *)a, y = *(double *)b; return x < y ? -1 : x > y; }
static double pct(double *v, long n, double p) { if (!n) return 0; long i = (long)(p / 100 * n); if (i >= n) i = n - 1; return v[i]; }
static int load_bodies(const char *file) {
  FILE *f = fopen(file, "r"); if (!f) { perror(file); return 0; }
  char *line = NULL; size_t cap = 0; ssize_t n;
  while ((n = getline(&line, &cap, f)) > 0) {
    if (line[n - 1] == '\n') line[--n] = 0;
    if (n) { bodies = realloc(bodies, (nbodies + 1) * sizeof *bodies); bodies[nbodies++] = strdup(line); }
  }
  free(line); fclose(f); if (!nbodies) fprintf(stderr, "%s: no bodies\n", file);
  return nbodies > 0;
}
int main(int argc, char **argv) {
  int o; signal(SIGPIPE, SIG_IGN);
  while ((o = getopt(argc, argv, "a:p:c:n:d:X:u:H:b:B:m:e:r:T:i:q:D:F:w:")) > 0) switch (o) {
    case 'a': addr = optarg; break; case 'p': port = atoi(optarg); break; case 'c': C = atoi(optarg); break; case 'n': N = atol(optarg); break; case 'd': D = atof(optarg); break;
    case 'X': method = optarg; break; case 'u': path = optarg; break; case 'H': if (strlen(hdrs) + strlen(optarg) + 3 > sizeof hdrs) return 2; strcat(hdrs, optarg); strcat(hdrs, "\r\n"); break; case 'b': body = optarg; break; case 'B': if (!load_bodies(optarg)) return 2; break;
    case 'm': mode = !strcmp(optarg, "sse") ? 1 : !strcmp(optarg, "job") ? 2 : 0; break; case 'e': expect = optarg; break; case 'r': rampms = atoi(optarg); break; case 'T': timeout_ms = atoi(optarg); break;
    case 'i': idf = optarg; break; case 'q': pollp = optarg; break; case 'D': donet = optarg; break; case 'F': failt = optarg; break; case 'w': pause_ms = atoi(optarg); break; default: return 2; }
  if (strncmp(addr, "127.", 4)) { fprintf(stderr, "loopback only\n"); return 2; }
  if (D > 600) D = 600;
  if (N > 5000000) N = 5000000;
  if (C > N) C = N;
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  lat = malloc((N + C) * 8); ttfb = malloc((N + C) * 8); sub = malloc((N + C) * 8); cs = calloc(C, sizeof *cs); ep = epoll_create1(0);
  for (int i = 0; i < C; i++) { cs[i].fd = -1; cs[i].idx = i; }
  T0 = now(); Tend = T0 + (u64)(D * 1e6); int up = 0; u64 tlast = T0; static struct epoll_event ev[1024];
  for (;;) {
    u64 t = now();
    while (up < C && (rampms == 0 || t - T0 >= (u64)rampms * 1000 * up / C)) { next(&cs[up]); up++; t = now(); }
    if (finished >= N || (finished == started && t >= Tend)) break;
    if (t >= Tend + 1000000ull) { /* the time is over: what still runs is cut off, neither ok nor an error */ for (int i = 0; i < C; i++) if (cs[i].counting) { e_cut++; op_end(&cs[i], 0, 1); } break; }
    int n = epoll_wait(ep, ev, 1024, up < C || pause_ms ? 1 : 100);
    for (int i = 0; i < n; i++) {
      conn *c = &cs[ev[i].data.u32]; if (c->fd < 0) continue;
      if (c->st == S_CONNECT && ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) { int er = 0; socklen_t l = sizeof er; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &er, &l); if (er) { e_conn++; op_end(c, 0, 1); next(c); continue; } mod(c, 0, 0); c->st = S_SEND; do_send(c); continue; }
      if (ev[i].events & EPOLLOUT && c->st == S_SEND) { mod(c, 0, 0); do_send(c); if (c->fd < 0) continue; }
      if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) do_read(c);
    }
    t = now();
    if (pause_ms) for (int i = 0; i < C; i++) if (cs[i].st == S_PAUSE && cs[i].due <= t) send_req(&cs[i]);
    if (t - tlast > 100000) { tlast = t; for (int i = 0; i < up; i++) { conn *c = &cs[i]; if (c->counting && t - c->t0 > (u64)timeout_ms * 1000) { e_timeout++; op_end(c, 0, 1); next(c); } else if (c->st == S_OFF && started < N && t < Tend) next(c); } }
  }
  double el = (now() - T0) / 1e6; double sum = 0; for (long i = 0; i < nl; i++) sum += lat[i];
  qsort(lat, nl, 8, cmp); qsort(ttfb, nt, 8, cmp); qsort(sub, nsub, 8, cmp);
  struct rusage ru; getrusage(RUSAGE_SELF, &ru);
  printf("{\"ok\":%llu,\"ops\":%ld,\"seconds\":%.4f,\"per_s\":%.2f,\"errors\":%llu,\"e_status\":%llu,\"e_conn\":%llu,\"e_timeout\":%llu,\"e_content\":%llu,\"cut\":%llu,\"mean_ms\":%.4f,\"p50_ms\":%.4f,\"p90_ms\":%.4f,\"p99_ms\":%.4f,\"p999_ms\":%.4f,\"max_ms\":%.4f,",
    ok, finished, el, ok / el, e_status + e_conn + e_timeout + e_content, e_status, e_conn, e_timeout, e_content, e_cut, nl ? sum / nl : 0, pct(lat, nl, 50), pct(lat, nl, 90), pct(lat, nl, 99), pct(lat, nl, 99.9), nl ? lat[nl - 1] : 0);
  if (mode == 2) printf("\"submit_p50_ms\":%.4f,\"submit_p99_ms\":%.4f,\"polls\":%llu,", pct(sub, nsub, 50), pct(sub, nsub, 99), polls);
  if (mode == 1) printf("\"events\":%llu,\"events_per_s\":%.1f,", events, events / el);
  printf("\"ttfb_p50_ms\":%.4f,\"ttfb_p99_ms\":%.4f,\"bytes\":%llu,\"reconnects\":%llu,\"gen_cpu_s\":%.3f,\"codes\":{", pct(ttfb, nt, 50), pct(ttfb, nt, 99), bytes, reconnects, ru.ru_utime.tv_sec + ru.ru_stime.tv_sec + (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6);
  int f = 1; for (int i = 0; i < 1000; i++) if (codes[i]) { printf("%s\"%d\":%llu", f ? "" : ",", i, codes[i]); f = 0; }
  printf("},\"sample_error\":\""); for (char *p = sample_err; *p; p++) { if (*p == '"' || *p == '\\') putchar('\\'); putchar((unsigned char)*p < 32 ? ' ' : *p); } printf("\"}\n");
  return 0;
}
