// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

// Calls through a hub on loopback: one process that answers, one that asks, written alike for each hub, so that what
// differs is the hub.
//
//   roundtrips iii|nats|redis PORT SECONDS IN_FLIGHT BYTES     one line of JSON: calls a second, and latencies in µs
//   roundtrips direct SECONDS BYTES                            asker and answerer without a hub, one call at a time
//   roundtrips idle PORT COUNT                                 opens COUNT workers, says `ready`, holds them until stdin ends
//
// iii: the answerer registers a function, the asker calls it. nats: request and reply with an inbox. redis: requests on
// a list that the answerer pops, replies on one channel that the asker is subscribed to.

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { capacity = 4 << 20, most_in_flight = 4096 };

struct peer {
    int socket;
    unsigned char in[capacity];
    size_t in_length;
    char out[capacity];
    size_t out_length;
};

static struct peer peer;
// Tells this run's names from those of one that was cut off.
static int run;
static char padding[capacity];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

// MARK: bytes

static int dial(int port) {
    int handle = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int attempt = 0; connect(handle, (struct sockaddr *)&address, sizeof address) != 0; attempt++) {
        if (errno != ECONNREFUSED || attempt > 500) die("connect");
        usleep(10000);
    }
    int yes = 1;
    setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return handle;
}

static void flush(struct peer *p) {
    size_t sent = 0;
    while (sent < p->out_length) {
        ssize_t count = send(p->socket, p->out + sent, p->out_length - sent, MSG_NOSIGNAL);
        if (count <= 0) die("send");
        sent += count;
    }
    p->out_length = 0;
}

static void put(struct peer *p, const void *bytes, size_t count) {
    if (p->out_length + count > capacity) flush(p);
    memcpy(p->out + p->out_length, bytes, count);
    p->out_length += count;
}

static void say(struct peer *p, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(p, text, length);
}

static void fill(struct peer *p) {
    ssize_t count = recv(p->socket, p->in + p->in_length, capacity - p->in_length, 0);
    if (count <= 0) die("recv");
    p->in_length += count;
}

static void drop(struct peer *p, size_t count) {
    memmove(p->in, p->in + count, p->in_length - count);
    p->in_length -= count;
}

// MARK: iii, over WebSocket

// A text message in one frame; the mask is zero, which leaves the text as it is.
static void put_frame(struct peer *p, const char *text, size_t length) {
    unsigned char head[14] = {0x81};
    size_t size = 2;
    if (length < 126) {
        head[1] = 0x80 | length;
    } else if (length < 65536) {
        head[1] = 0x80 | 126, head[2] = length >> 8, head[3] = length, size = 4;
    } else {
        head[1] = 0x80 | 127;
        for (int place = 0; place < 8; place++) head[2 + place] = (uint64_t)length >> (56 - 8 * place);
        size = 10;
    }
    put(p, head, size + 4);
    put(p, text, length);
}

// The next whole message from `*place` on; pings are answered. Zero where there is none.
static int next_frame(struct peer *p, size_t *place, char **text, size_t *length) {
    for (;;) {
        unsigned char *head = p->in + *place;
        size_t rest = p->in_length - *place;
        if (rest < 2) return 0;
        size_t size = 2, count = head[1] & 127;
        if (count == 126) {
            if (rest < 4) return 0;
            count = head[2] << 8 | head[3], size = 4;
        } else if (count == 127) {
            if (rest < 10) return 0;
            count = 0, size = 10;
            for (int byte = 0; byte < 8; byte++) count = count << 8 | head[2 + byte];
        }
        if (rest < size + count) return 0;
        *place += size + count;
        if ((head[0] & 15) == 9) {
            unsigned char pong[6] = {0x8A, 0x80 | count};
            put(p, pong, 6);
            put(p, head + size, count);
            continue;
        }
        if ((head[0] & 15) == 8) exit(3);
        *text = (char *)head + size, *length = count;
        return 1;
    }
}

static void upgrade(struct peer *p, int port) {
    p->socket = dial(port);
    say(p, "GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n", port);
    flush(p);
    for (;;) {
        fill(p);
        unsigned char *end = memmem(p->in, p->in_length, "\r\n\r\n", 4);
        if (!end) continue;
        if (memcmp(p->in, "HTTP/1.1 101", 12) != 0) exit(4);
        return drop(p, end + 4 - p->in);
    }
}

static void announce(struct peer *p, const char *name) {
    char text[512];
    int length = snprintf(text, sizeof text,
        "{\"type\":\"invokefunction\",\"function_id\":\"engine::workers::register\",\"action\":{\"type\":\"void\"},"
        "\"data\":{\"name\":\"%s\",\"runtime\":\"c\",\"version\":\"1\",\"os\":\"linux\",\"pid\":%d}}", name, (int)getpid());
    put_frame(p, text, length);
}

// The value of a member that is a string; the text is what this program or the hub wrote.
static char *member(char *text, size_t length, const char *key, size_t *size) {
    char *found = memmem(text, length, key, strlen(key));
    if (!found) return NULL;
    found += strlen(key);
    char *end = memchr(found, '"', text + length - found);
    *size = end ? end - found : 0;
    return end ? found : NULL;
}

static void answer_iii(int port) {
    upgrade(&peer, port);
    announce(&peer, "answers");
    const char *registration = "{\"type\":\"registerfunction\",\"id\":\"bench::echo\"}";
    put_frame(&peer, registration, strlen(registration));
    flush(&peer);
    for (;;) {
        fill(&peer);
        size_t place = 0, length;
        char *text;
        while (next_frame(&peer, &place, &text, &length)) {
            size_t size;
            char *id = member(text, length, "\"invocation_id\":\"", &size);
            if (!id || !memmem(text, length, "invokefunction", 14)) continue;
            char *data = memmem(text, length, "\"p\":", 4);
            size_t data_size = 0;
            if (data) data = member(data, text + length - data, "\"p\":\"", &data_size);
            static char result[capacity];
            size_t written = snprintf(result, 256,
                "{\"type\":\"invocationresult\",\"invocation_id\":\"%.*s\",\"function_id\":\"bench::echo\",\"result\":\"",
                (int)size, id);
            memcpy(result + written, data, data_size);
            memcpy(result + written + data_size, "\"}", 2);
            put_frame(&peer, result, written + data_size + 2);
        }
        drop(&peer, place);
        flush(&peer);
    }
}

static void ask_iii(struct peer *p, int number, size_t bytes) {
    static char text[capacity];
    size_t written = snprintf(text, 256,
        "{\"type\":\"invokefunction\",\"invocation_id\":\"00000000-0000-4000-8000-%012d\",\"function_id\":\"bench::echo\","
        "\"data\":{\"p\":\"", number);
    memcpy(text + written, padding, bytes);
    memcpy(text + written + bytes, "\"}}", 3);
    put_frame(p, text, written + bytes + 3);
}

// The number of the next answered call; -1 for other messages, -2 where there is none.
static int heard_iii(struct peer *p, size_t *place) {
    char *text;
    size_t length, size;
    if (!next_frame(p, place, &text, &length)) return -2;
    if (!memmem(text, length, "invocationresult", 16)) return -1;
    char *id = member(text, length, "\"invocation_id\":\"00000000-0000-4000-8000-", &size);
    if (!id || memmem(text, length, "\"error\"", 7)) {
        fprintf(stderr, "%.*s\n", (int)length, text);
        exit(5);
    }
    return atoi(id);
}

// MARK: NATS

static void answer_nats(int port) {
    peer.socket = dial(port);
    say(&peer, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench.echo 1\r\n");
    flush(&peer);
    for (;;) {
        fill(&peer);
        size_t place = 0;
        for (;;) {
            char *line = (char *)peer.in + place;
            char *end = memmem(line, peer.in_length - place, "\r\n", 2);
            if (!end) break;
            char reply[128];
            size_t count;
            if (sscanf(line, "MSG bench.echo 1 %127s %zu", reply, &count) != 2) {
                if (memcmp(line, "PING", 4) == 0) say(&peer, "PONG\r\n");
                place = (unsigned char *)end + 2 - peer.in;
                continue;
            }
            char *body = end + 2;
            if ((unsigned char *)body + count + 2 > peer.in + peer.in_length) break;
            say(&peer, "PUB %s %zu\r\n", reply, count);
            put(&peer, body, count + 2);
            place = (unsigned char *)body + count + 2 - peer.in;
        }
        drop(&peer, place);
        flush(&peer);
    }
}

static void ask_nats(struct peer *p, int number, size_t bytes) {
    say(p, "PUB bench.echo inbox.%d %zu\r\n", number, bytes);
    put(p, padding, bytes);
    put(p, "\r\n", 2);
}

static int heard_nats(struct peer *p, size_t *place) {
    char *line = (char *)p->in + *place;
    char *end = memmem(line, p->in_length - *place, "\r\n", 2);
    if (!end) return -2;
    int number;
    size_t count;
    if (sscanf(line, "MSG inbox.%d 2 %zu", &number, &count) != 2) {
        if (memcmp(line, "PING", 4) == 0) say(p, "PONG\r\n");
        *place = (unsigned char *)end + 2 - p->in;
        return -1;
    }
    if ((unsigned char *)end + 2 + count + 2 > p->in + p->in_length) return -2;
    *place = (unsigned char *)end + 2 + count + 2 - p->in;
    return number;
}

// MARK: Redis

// One reply of bulk strings within arrays from `*place` on: its last string. Zero where it is not whole.
static int next_reply(struct peer *p, size_t *place, char **text, size_t *length) {
    size_t at = *place;
    long open = 1;
    *text = NULL;
    while (open > 0) {
        char *line = (char *)p->in + at;
        char *end = memmem(line, p->in_length - at, "\r\n", 2);
        if (!end) return 0;
        long count = atol(line + 1);
        at = (unsigned char *)end + 2 - p->in;
        open--;
        if (*line == '*' && count > 0) open += count;
        if (*line == '$' && count >= 0) {
            if (at + count + 2 > p->in_length) return 0;
            *text = (char *)p->in + at, *length = count;
            at += count + 2;
        }
    }
    *place = at;
    return 1;
}

// What is pushed and published goes by a connection of its own, whose answers are thrown away.
static struct peer redis_sends;

static void flush_redis(void) {
    if (redis_sends.out_length) flush(&redis_sends);
    while (recv(redis_sends.socket, redis_sends.in, capacity, MSG_DONTWAIT) > 0) {}
}

static void answer_redis(int port) {
    peer.socket = dial(port);
    redis_sends.socket = dial(port);
    for (int turn = 0; turn < 64; turn++) say(&peer, "*3\r\n$5\r\nBLPOP\r\n$12\r\nbench%07d\r\n$1\r\n0\r\n", run);
    flush(&peer);
    for (;;) {
        fill(&peer);
        size_t place = 0, length;
        char *text;
        while (next_reply(&peer, &place, &text, &length)) {
            if (!text || length <= 12) continue;
            say(&redis_sends, "*3\r\n$7\r\nPUBLISH\r\n$12\r\ninbox%07d\r\n$%zu\r\n", run, length);
            put(&redis_sends, text, length);
            put(&redis_sends, "\r\n", 2);
            say(&peer, "*3\r\n$5\r\nBLPOP\r\n$12\r\nbench%07d\r\n$1\r\n0\r\n", run);
        }
        drop(&peer, place);
        flush_redis();
        flush(&peer);
    }
}

static void ask_redis(struct peer *p, int number, size_t bytes) {
    (void)p;
    say(&redis_sends, "*3\r\n$5\r\nRPUSH\r\n$12\r\nbench%07d\r\n$%zu\r\n%012d", run, bytes + 12, number);
    put(&redis_sends, padding, bytes);
    put(&redis_sends, "\r\n", 2);
}

static int heard_redis(struct peer *p, size_t *place) {
    char *text;
    size_t length;
    if (!next_reply(p, place, &text, &length)) return -2;
    return text && length > 12 ? atoi(text) : -1;
}

// MARK: measuring

struct hub {
    const char *name;
    void (*answer)(int port);
    void (*ask)(struct peer *p, int number, size_t bytes);
    int (*heard)(struct peer *p, size_t *place);
};

static const struct hub hubs[] = {
    {"iii", answer_iii, ask_iii, heard_iii},
    {"nats", answer_nats, ask_nats, heard_nats},
    {"redis", answer_redis, ask_redis, heard_redis},
};

static void open_asker(const struct hub *hub, int port) {
    if (hub->ask == ask_iii) {
        upgrade(&peer, port);
        announce(&peer, "asks");
    } else if (hub->ask == ask_nats) {
        peer.socket = dial(port);
        say(&peer, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB inbox.* 2\r\n");
    } else {
        peer.socket = dial(port);
        say(&peer, "*2\r\n$9\r\nSUBSCRIBE\r\n$12\r\ninbox%07d\r\n", run);
        redis_sends.socket = dial(port);
    }
    flush(&peer);
}

static int ascending(const void *left, const void *right) {
    float difference = *(const float *)left - *(const float *)right;
    return (difference > 0) - (difference < 0);
}

static void report(const char *name, double elapsed, float *samples, size_t count) {
    qsort(samples, count, sizeof *samples, ascending);
    printf("{\"hub\":\"%s\",\"calls\":%zu,\"per_second\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f}\n", name, count,
           count / elapsed * 1e6, samples[count / 2], samples[count * 99 / 100]);
}

static void measure(const struct hub *hub, double seconds, int in_flight, size_t bytes) {
    static double started[most_in_flight];
    size_t room = 1 << 24, count = 0;
    float *samples = malloc(room * sizeof *samples);
    double begin = now(), measured = begin + seconds * 0.2e6, end = begin + seconds * 1.2e6;
    for (int number = 0; number < in_flight; number++) {
        started[number] = now();
        hub->ask(&peer, number, bytes);
    }
    for (;;) {
        flush(&peer);
        if (redis_sends.socket) flush_redis();
        fill(&peer);
        double time = now();
        size_t place = 0;
        int number;
        while ((number = hub->heard(&peer, &place)) != -2) {
            if (number < 0) continue;
            if (time > measured && count < room) samples[count++] = time - started[number];
            started[number] = time;
            hub->ask(&peer, number, bytes);
        }
        drop(&peer, place);
        if (time > end) return report(hub->name, time - measured, samples, count);
    }
}

// The same messages between two processes with nothing between them.
static void direct(double seconds, size_t bytes) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1)) die("listen");
    getsockname(listener, (struct sockaddr *)&address, &size);
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int handle = accept(listener, NULL, NULL), yes = 1;
        setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        for (;;) {
            ssize_t count = recv(handle, peer.in, capacity, 0);
            if (count <= 0 || send(handle, peer.in, count, MSG_NOSIGNAL) != count) exit(0);
        }
    }
    peer.socket = dial(ntohs(address.sin_port));
    float *samples = malloc((1 << 24) * sizeof *samples);
    size_t count = 0, length = bytes + 120;
    double begin = now();
    while (now() < begin + seconds * 1e6) {
        double start = now();
        put(&peer, padding, length);
        flush(&peer);
        for (size_t got = 0; got < length; got += peer.in_length, peer.in_length = 0) fill(&peer);
        samples[count++] = now() - start;
    }
    report("direct", now() - begin, samples, count);
}

static void idle(int port, int count) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int number = 0; number < count; number++) {
        char text[64];
        peer.in_length = peer.out_length = 0;
        upgrade(&peer, port);
        snprintf(text, sizeof text, "idle-%d", number);
        announce(&peer, text);
        int length = snprintf(text, sizeof text, "{\"type\":\"registerfunction\",\"id\":\"idle::%d\"}", number);
        put_frame(&peer, text, length);
        flush(&peer);
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {}
}

int main(int count, char **words) {
    signal(SIGPIPE, SIG_IGN);
    run = getpid() % 10000000;
    memset(padding, 'x', sizeof padding);
    if (count == 4 && strcmp(words[1], "direct") == 0) return direct(atof(words[2]), atol(words[3])), 0;
    if (count == 4 && strcmp(words[1], "idle") == 0) return idle(atoi(words[2]), atoi(words[3])), 0;
    for (size_t index = 0; count == 6 && index < sizeof hubs / sizeof *hubs; index++) {
        if (strcmp(words[1], hubs[index].name) != 0) continue;
        int port = atoi(words[2]), in_flight = atoi(words[4]);
        size_t bytes = atol(words[5]);
        if (in_flight < 1 || in_flight > most_in_flight || bytes > capacity / 4) break;
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            hubs[index].answer(port);
        }
        usleep(300000);
        open_asker(&hubs[index], port);
        usleep(100000);
        measure(&hubs[index], atof(words[3]), in_flight, bytes);
        return 0;
    }
    fputs("usage: roundtrips iii|nats|redis PORT SECONDS IN_FLIGHT BYTES | direct SECONDS BYTES | idle PORT COUNT\n", stderr);
    return 2;
}
