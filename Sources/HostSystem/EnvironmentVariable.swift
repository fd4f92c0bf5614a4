// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Every environment variable that the programs read.
///
/// `docs/environment.md` is made from this list.
package enum EnvironmentVariable: String, CaseIterable, Sendable {
    case apiKey = "III_API_KEY"
    case apiURL = "III_API_URL"
    case bundleDevLoopback = "III_BUNDLE_DEV_LOOPBACK"
    case bundlesDisabled = "III_BUNDLE_WORKERS_DISABLED"
    case configPath = "III_CONFIG_PATH"
    case engineURL = "III_URL"
    case forceColor = "CLICOLOR_FORCE"
    case home = "III_HOME"
    case insecureRegistries = "III_INSECURE_REGISTRIES"
    case namespaceGrace = "III_NAMESPACE_GRACE_MS"
    case noTelemetry = "III_NO_TELEMETRY"
    case allProxy = "ALL_PROXY"
    case dockerConfig = "DOCKER_CONFIG"
    case httpProxy = "HTTP_PROXY"
    case httpsProxy = "HTTPS_PROXY"
    case noProxy = "NO_PROXY"
    case registryAuthFile = "REGISTRY_AUTH_FILE"
    case tlsRootsFile = "SSL_CERT_FILE"
    case tlsRootsFolders = "SSL_CERT_DIR"
    case userConfigHome = "XDG_CONFIG_HOME"
    case userRuntimeFolder = "XDG_RUNTIME_DIR"
    case noColor = "NO_COLOR"
    case token = "III_TOKEN"
    case sourceDateEpoch = "SOURCE_DATE_EPOCH"
    case terminal = "TERM"
    case userHome = "HOME"

    /// What the variable does, in one sentence for its user.
    package var summary: String {
        switch self {
        case .apiKey:
            "The key for the registry that `III_API_URL`, `--registry` or `iii registry use` names; it goes to no other one."
        case .apiURL:
            "The registry for names that `registries:` gives to no other one, instead of `https://api.workers.iii.dev`."
        case .bundleDevLoopback: "`1` lets archives be fetched over plain http from this machine, with a warning."
        case .bundlesDisabled: "`1` refuses to install or start any bundle worker."
        case .configPath: "The project's configuration file, instead of the nearest `config.yaml` upward."
        case .engineURL: "The engine that `iii trigger` and workers call, instead of `ws://127.0.0.1:49134`."
        case .namespaceGrace:
            "How long the engine waits for a worker to name its namespace, instead of 5000 milliseconds."
        case .home: "Where installed workers are kept, instead of `~/.iii`."
        case .insecureRegistries:
            "Registries of images to talk to over plain http, `host:port` with commas between, with a warning each time."
        case .token:
            "What programs of other machines prove to the engine that they may connect."
        case .noTelemetry: "`1` keeps `iii` from counting downloads at the registry."
        case .allProxy: "The proxy for URLs that `HTTPS_PROXY` or `HTTP_PROXY` names none for; in small letters, too."
        case .dockerConfig: "The folder with docker's `config.json`, whose accounts are used, instead of `~/.docker`."
        case .httpProxy:
            "The proxy for http URLs: `http://[USER:PASSWORD@]HOST:PORT` or `socks5://HOST:PORT`; in small letters, too."
        case .httpsProxy:
            "The proxy for https URLs: `http://[USER:PASSWORD@]HOST:PORT` or `socks5://HOST:PORT`; in small letters, too."
        case .noProxy:
            "What is reached without a proxy, as this machine always is: names with all below them, addresses, networks, `*`."
        case .registryAuthFile: "The file with accounts at registries of images, instead of those of podman and docker."
        case .tlsRootsFile: "The file with the certificates that are trusted, in PEM, instead of the system's."
        case .tlsRootsFolders:
            "Folders with certificates that are trusted, in PEM, with colons between, instead of the system's."
        case .userConfigHome: "Where podman keeps `containers/auth.json`, instead of `~/.config`."
        case .userRuntimeFolder: "Where podman looks for `containers/auth.json` first."
        case .noColor: "Set to anything: no colours."
        case .forceColor: "Set to anything but `0`: colours also where no terminal is; `NO_COLOR` wins over it."
        case .terminal: "The kind of terminal; unset or `dumb`: no colours."
        case .sourceDateEpoch: "Seconds since 1970 that packed archives carry as the time of every file, instead of 0."
        case .userHome: "The user's folder, where `.iii` is looked for."
        }
    }
}

/// Variables whose presence tells that a continuous-integration service runs the program.
package enum ContinuousIntegration {
    package static let variables = [
        "CI", "GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "JENKINS_URL", "TRAVIS", "BUILDKITE", "TF_BUILD",
        "CODEBUILD_BUILD_ID", "BITBUCKET_BUILD_NUMBER", "DRONE", "TEAMCITY_VERSION",
    ]
}
