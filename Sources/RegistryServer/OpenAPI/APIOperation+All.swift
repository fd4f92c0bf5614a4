// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import JSONText
import RegistryAPI
import RegistryStorage
import WorkerModel

extension APIOperation {
    private static let version = Parameter(
        "version",
        "An exact version, a channel or a range; without it `latest`.",
        APIText.selectorIfAny
    )
    private static let cursor = Parameter("cursor", "`next_cursor` of the page before.", APIText.cursor)
    private static let pageSize = Parameter(
        "page_size",
        "Rows of a page.",
        ["type": "integer", "minimum": 1, "maximum": 100]
    )
    private static let page = [pageSize, cursor]
    /// Of a list in the order of names.
    private static let namePage = [pageSize, Parameter("cursor", cursor.meaning, APIText.nameCursor)]
    private static let release = Parameter(
        "release",
        "`true`: ranges may choose the version at once, and `tag` moves to it only from a lower version."
    )
    private static let search = [
        Parameter("search", "Words, typing errors allowed."), Parameter("tag", "A keyword that the worker has."),
        Parameter("type", "The kind of worker.", APIText.oneOf([""] + WorkerKind.allCases.map(\.rawValue))),
        Parameter("sort", "The order.", APIText.oneOf(["", "relevance", "downloads", "recent"])),
    ]
    private static let size: JSONValue = ["type": "integer", "minimum": 0]
    private static let unknown = [404: "There is no such worker, version or channel."]

    /// Everything that the routers of `Routes` answer; a test holds one against the other.
    static let all = reading + pages + publishing + changing + rights + programs + images + server

    private static let reading: [APIOperation] = [
        .read(
            .list,
            "Lists and searches workers.",
            .json("WorkerPage"),
            query: search + page
        ),
        .read(
            .detail,
            "Tells all of one version.",
            .json("WorkerDetail"),
            query: [version],
            others: unknown.merging([303: "A browser is sent to the page for people."]) { $1 }
        ),
        .read(.versions, "Lists every version of a worker.", .json("VersionList"), others: unknown),
        .read(
            .download,
            "Tells where the artifacts of a version are, and counts a download.",
            .json("WorkerDownload"),
            query: [version, Parameter("ci", "`true` from machines that build and test: counted apart.")],
            others: unknown.merging([204: "The worker is part of the engine: there is nothing to fetch."]) { $1 }
        ),
        APIOperation(
            method: .post,
            path: RegistryRoute.resolve.rawValue,
            summary: "Chooses a version of a worker and of all that it needs.",
            body: "ResolveRequest",
            content: .json("ResolvedGraph"),
            others: [404: "There is no worker of that name.", 422: "Nothing suits all that was asked for."]
        ),
        .read(
            .skills,
            "Reads the skills and prompts of a version.",
            .json("Skills"),
            query: [version],
            others: unknown
        ),
        .read(.events, "Lists what happened to a worker, newest first.", .json("Events"), query: page, others: unknown),
        .read(
            .dependents,
            "Lists the workers that need this one.",
            .json("Dependents"),
            query: namePage,
            others: unknown
        ),
        .read(.downloads, "Counts the downloads of 90 days, by day and version.", .json("Downloads"), others: unknown),
        .read(.feed, "The news of the registry, as a feed.", .media("application/atom+xml")),
        .read(.workerFeed, "The news of one worker, as a feed.", .media("application/atom+xml"), others: unknown),
        .read(.downloadsBadge, "A badge with all downloads.", .media("image/svg+xml")),
        .read(.weeklyBadge, "A badge with the downloads of a week.", .media("image/svg+xml")),
        .read(.workersBadge, "A badge with the number of workers.", .media("image/svg+xml")),
        .read(.workerBadge, "A badge of one worker.", .media("image/svg+xml")),
        .read(
            .blob,
            "Fetches bytes by their digest; ranges are answered.",
            .media("application/octet-stream", "application/gzip"),
            others: [
                206: "The range that was asked for.", 404: "There is no such blob.", 416: "There is nothing there.",
            ]
        ),
    ]

    /// For people; the rest is for programs.
    private static let pages: [APIOperation] = [
        .read(
            .home,
            "The list and the search of workers for people: only where `Accept` names HTML.",
            .media("text/html"),
            query: search + [cursor],
            others: [404: "The client does not ask for HTML."]
        ),
        .read(.page, "All of one version for people.", .media("text/html"), query: [version], others: unknown),
        .read(.styles, "The style sheet of the pages.", .media("text/css")),
        .read(.icon, "The icon of the pages.", .media("image/svg+xml")),
    ]

    private static let publishing: [APIOperation] = [
        .change(
            .post,
            .publish,
            "Publishes a version, all of it or nothing.",
            .scope(.publish),
            query: [release],
            body: "PublishRequest",
            .json("PublishAnswer"),
            others: [409: "The version is published already; `identical` says whether with the same content."]
        ),
        .change(
            .post,
            .publishCheck,
            "Tells what would refuse a publication, its bytes apart; publishes nothing.",
            .scope(.publish),
            query: [release],
            body: "PublishRequest",
            .json("PublishAnswer"),
            others: [409: "The version is published already; `identical` says whether with the same content."]
        ),
        .change(
            .post,
            .blobs,
            "Asks whether a blob must be uploaded, and from where on.",
            .scope(.publish),
            body: "UploadQuestion",
            .json("UploadState")
        ),
        .change(
            .put,
            .blob,
            "Uploads a blob; its digest must be the one in the path.",
            .scope(.publish),
            body: "bytes",
            .json("UploadState"),
            others: [422: "The bytes have another digest: nothing is kept."]
        ),
        .change(
            .patch,
            .blob,
            "Goes on with an upload that was cut, at `Upload-Offset`.",
            .scope(.publish),
            headers: [
                Parameter("Upload-Offset", "The number of bytes that have arrived.", size, isRequired: true),
                Parameter("Upload-Length", "Bytes of the whole; without it the blob ends with the request.", size),
            ],
            body: "bytes",
            .json("UploadState"),
            others: [202: "A part has arrived, more is missing.", 409: "The upload stands at another offset."]
        ),
        .change(
            .post,
            .skills,
            "Replaces the skills and prompts of a version.",
            .scope(.publish),
            body: "SkillsRequest",
            .json("SkillsAnswer"),
            others: unknown
        ),
    ]

    private static let changing: [APIOperation] = [
        .change(
            .put,
            .channel,
            "Moves a channel, where it is where it is expected to be.",
            .scope(.tags),
            body: "ChannelRequest",
            .json("ChannelAnswer"),
            others: unknown.merging([409: "The channel is elsewhere; nothing moved."]) { $1 }
        ),
        .change(
            .delete,
            .channel,
            "Removes a channel other than `latest`.",
            .scope(.tags),
            .json("Change"),
            others: unknown
        ),
        .change(
            .post,
            .finalize,
            "Makes a release candidate the release: moves `next` and `latest` together.",
            .scope(.tags),
            body: "FinalizeRequest",
            .json("FinalizeAnswer"),
            others: unknown.merging([409: "A channel is elsewhere; nothing moved."]) { $1 }
        ),
        .change(
            .post,
            .yank,
            "Withdraws a version from ranges and channels.",
            .scope(.yank),
            body: "YankRequest",
            isBodyOptional: true,
            .json("VersionChange"),
            others: unknown
        ),
        .change(.post, .unyank, "Takes a withdrawal back.", .scope(.yank), .json("VersionChange"), others: unknown),
        .change(
            .post,
            .deprecate,
            "Advises against a worker or some of its versions; an empty message takes that back.",
            .scope(.yank),
            body: "DeprecateRequest",
            .json("Change"),
            others: unknown
        ),
        .change(
            .delete,
            .version,
            "Removes a version that is a day old at most and that nobody needs.",
            .scope(.yank),
            .json("VersionChange"),
            others: unknown.merging([409: "A rule stands in the way; the message says which."]) { $1 }
        ),
    ]

    private static let rights: [APIOperation] = [
        .read(.owners, "Lists the owners of a worker.", .json("OwnerList"), others: unknown),
        .change(
            .post,
            .owners,
            "Adds an owner.",
            .scope(.owners),
            body: "OwnerRequest",
            .json("OwnerList"),
            others: [404: "There is no such worker or account."]
        ),
        .change(
            .delete,
            .owner,
            "Takes an owner away.",
            .scope(.owners),
            .json("OwnerList"),
            others: unknown.merging([409: "The last owner stays."]) { $1 }
        ),
        .change(.get, .whoAmI, "Tells about the key that asks.", .any, .json("KeyInfo")),
        .change(.get, .keys, "Lists the keys of the account.", .any, .json("KeyList")),
        .change(
            .post,
            .keys,
            "Makes a key that is good for no more than the one that asks.",
            .scope(.owners),
            body: "NewKeyRequest",
            .json("NewKeyAnswer")
        ),
        .change(
            .delete,
            .key,
            "Revokes a key: the one that asks, or with `owners` one that is good for no more.",
            .any,
            .nothing,
            others: [404: "The account has no such key."]
        ),
    ]

    private static let programs: [APIOperation] = [
        .read(
            .programs,
            "Lists the programs of iii that this registry offers.",
            .json("OfferedPrograms"),
            others: [404: "It offers none."]
        ),
        .read(
            .program,
            "Sends to the bytes of a program.",
            .nothing,
            others: [303: "Where the bytes are.", 404: "It is not offered."]
        ),
        .read(
            .installScript,
            "Gives the script that installs iii from here.",
            .media("text/x-shellscript"),
            others: [404: "It offers none."]
        ),
    ]

    /// What the registry adds to the distribution specification, which describes the rest below `/v2/`.
    private static let images: [APIOperation] = [
        APIOperation(
            method: .get,
            path: "/v2/",
            summary: "Whether a client of images is logged in.",
            key: .any,
            content: .json("Nothing")
        ),
        APIOperation(
            method: .get,
            path: "/v2/token",
            summary: "Gives a token for the holder of a key, which is the password of Basic, or for anybody.",
            query: [
                Parameter("scope", "What it is for, as `repository:NAME:pull,push`."),
                Parameter("service", "Host and port of the registry."),
            ],
            content: .json("ImageToken")
        ),
    ]

    private static let server: [APIOperation] = [
        APIOperation(method: .get, path: "/healthz", summary: "Whether the server runs.", content: .json("Status")),
        APIOperation(
            method: .get,
            path: "/readyz",
            summary: "Whether the server can read its records.",
            content: .json("Status"),
            others: [503: "It cannot."]
        ),
        APIOperation(
            method: .get,
            path: "/metrics",
            summary: "Numbers for Prometheus.",
            content: .media("text/plain")
        ),
        APIOperation(
            method: .get,
            path: "/openapi.json",
            summary: "This description.",
            content: .media("application/json")
        ),
    ]
}
