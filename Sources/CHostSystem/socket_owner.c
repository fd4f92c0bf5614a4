// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif

#include "CHostSystem.h"

#include <netinet/in.h>
#include <string.h>

#ifdef __linux__
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

enum { state_established = 1, state_close_wait = 8 };

static int ask(int socket, const struct iii_connection *peer, struct inet_diag_msg *found) {
    struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 request;
    } question = {
        .header = {
            .nlmsg_len = sizeof question,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST,
        },
        .request = {
            .sdiag_family = peer->is_ipv6 ? AF_INET6 : AF_INET,
            .sdiag_protocol = IPPROTO_TCP,
            .idiag_states = ~0u,
        },
    };
    struct inet_diag_sockid *id = &question.request.id;
    id->idiag_sport = htons(peer->local_port);
    id->idiag_dport = htons(peer->remote_port);
    memcpy(id->idiag_src, peer->local_address, sizeof peer->local_address);
    memcpy(id->idiag_dst, peer->remote_address, sizeof peer->remote_address);
    id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    if (sendto(socket, &question, sizeof question, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0) return -1;
    _Alignas(struct nlmsghdr) char answer[4096];
    ssize_t count;
    do { count = recv(socket, answer, sizeof answer, 0); } while (count < 0 && errno == EINTR);
    if (count < 0) return -1;
    const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
    if (!NLMSG_OK(header, (unsigned)count) || header->nlmsg_type != SOCK_DIAG_BY_FAMILY
        || header->nlmsg_len < NLMSG_LENGTH(sizeof *found)) return -1;
    memcpy(found, NLMSG_DATA(header), sizeof *found);
    return 0;
}

int64_t iii_connection_owner(const struct iii_connection *peer) {
    int socket_ = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (socket_ < 0) return -1;
    struct inet_diag_msg found;
    int result = ask(socket_, peer, &found);
    close(socket_);
    if (result != 0) return -1;
    // Of a connection that its program has closed already the kernel knows no user any more, and says 0.
    if (found.idiag_state != state_established && found.idiag_state != state_close_wait) return -1;
    return (int64_t)found.idiag_uid;
}
#else
int64_t iii_connection_owner(const struct iii_connection *peer) {
    (void)peer;
    return -1;
}
#endif
