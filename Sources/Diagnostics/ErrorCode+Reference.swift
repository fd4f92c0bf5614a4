// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension ErrorCode {
    /// What the code means and what to do about it, as `docs/errors.md` has it.
    package var reference: (meaning: String, remedy: String) {
        switch self {
        case .invalidName:
            (
                "A worker's name is malformed.",
                "Use letters, digits, `-`, `_` and `.`, at most 64, not beginning with `.`."
            )
        case .invalidSource:
            (
                "What was to be added is neither a name, nor an image reference, nor a path.",
                "Write `NAME`, `NAME@1.2`, `host/image:tag` or `./folder`."
            )
        case .localPathNotAllowed:
            (
                "A local path was given to an engine on another machine.",
                "Publish the worker, or run the command on that machine."
            )
        case .missingTarget:
            (
                "A command needs the name of a worker.",
                "Name one, or pass `--all` where the command has it."
            )
        case .consentRequired: ("The command would ask a question, and nobody is there to answer.", "Pass `--yes`.")
        case .badPayload:
            (
                "A JSON text is broken or has not the expected shape.",
                "The message names the place; correct it there."
            )
        case .invalidVersion:
            (
                "A version, range or channel is malformed.",
                "Use `1.4.0`, `^1.4`, `~1.4.2`, `>=1 <2`, `1.x` or a channel such as `latest`."
            )
        case .wrongUsage:
            (
                "The command line names a command, an option or a value that there is not.",
                "`--help` behind the command shows what it takes. The exit status is 2."
            )
        case .noTerminal:
            (
                "A command is to have a terminal, and standard input is none.",
                "Run it in a terminal, or leave `--terminal` out. The exit status is 2."
            )
        case .workerNotFound:
            (
                "The registry has no worker of that name.",
                "Check the spelling, and which registry was asked: the message names it, and what chose it."
            )
        case .alreadyExists: ("What was to be made is there already.", "Remove it first, or choose another name.")
        case .notInstalled: ("The project has no worker of that name.", "`iii worker list` shows those it has.")
        case .notRunning: ("The worker does not run.", "Start it with `iii worker start NAME`.")
        case .alreadyRunning: ("The worker runs already.", "Restart it with `iii worker restart NAME`.")
        case .versionNotFound:
            (
                "The worker has no such version or channel.",
                "Choose one of the versions that the message lists."
            )
        case .versionConflict:
            (
                "No version of a worker suits everybody who depends on it.",
                "The message names who asks for what; update or pin one of them."
            )
        case .platformNotSupported:
            (
                "The worker was not built for this platform.",
                "Ask its author for a build, or use one of the listed platforms."
            )
        case .projectBusy: ("Another `iii` works on the project.", "Wait until it is done; do not kill it.")
        case .lockIO:
            (
                "The project's lock file cannot be opened or locked.",
                "Check the permissions of the project's folder."
            )
        case .storageIO:
            (
                "A file or folder cannot be read or written.",
                "The message names it; check its owner and permissions."
            )
        case .storageFull: ("The disk is full.", "Free some space; nothing was changed.")
        case .configIO: ("`config.yaml` cannot be read or written.", "Check its permissions.")
        case .configParse: ("A YAML file is broken.", "The message has line and column; correct it there.")
        case .invalidSetting:
            (
                "A setting of a program is not one that it knows, or has a value that it cannot have.",
                "The message says where the setting stands; `docs/registry-configuration.md` lists what may stand there."
            )
        case .manifestRejected: ("`iii.worker.yaml` breaks a rule.", "The message names the field; correct it.")
        case .registry:
            (
                "The registry answered with an error, or with nonsense.",
                "Try again; if it lasts, tell who runs the registry."
            )
        case .imagePull: ("An image cannot be pulled.", "The message names the reference and the cause.")
        case .download:
            (
                "An artifact cannot be fetched, or is not what its digest says.",
                "A wrong digest means damage or tampering: do not use the file. Otherwise try again."
            )
        case .registryUnreachable:
            ("The registry cannot be reached.", "Check the network; `iii registry list` shows which registry is asked.")
        case .unauthorized: ("The registry refuses the key.", "Set `III_API_KEY` to a key that may do this.")
        case .publishRefused:
            (
                "The registry refuses what was to be published.",
                "The message lists every problem; correct them and publish again."
            )
        case .versionExists:
            (
                "The version is published already, and versions never change.",
                "Publish under a higher version."
            )
        case .accountNotFound:
            (
                "The registry has no account or key of that name.",
                "`iii-registry account list` and `iii-registry key list` show those it has."
            )
        case .lastOwner:
            ("A worker keeps at least one owner.", "Add another owner first, then take this one away.")
        case .channelConflict:
            (
                "A channel does not point to what the request expected, so nothing moved.",
                "Read with `iii worker info NAME --versions` where the channels point now, then decide again."
            )
        case .removalRefused:
            (
                "The registry keeps a version that people may miss.",
                "Yank it: ranges choose it no more, and those who have it keep it."
            )
        case .lockfileMismatch:
            (
                "`config.yaml` and `iii.lock` do not agree.",
                "`iii worker sync --frozen` shows each difference and what puts it right."
            )
        case .lockfileInvalid:
            (
                "`iii.lock` is broken or of a newer format.",
                "Restore it from version control, or update `iii`."
            )
        case .installedContentChanged:
            (
                "Installed files are missing or are not what was installed.",
                "Run `iii worker add NAME --force` to install them afresh."
            )
        case .originChanged:
            (
                "A locked worker would come from another registry than it was locked from.",
                "`iii worker update NAME --registry URL` says that it should; else correct `registries:` or `iii.lock`."
            )
        case .spawnFailed: ("A worker's process could not be started.", "The message has the cause.")
        case .startTimedOut: ("A worker was not ready in time.", "Look at `iii worker logs NAME`.")
        case .stopTimedOut: ("A worker did not stop in time.", "Look at `iii worker logs NAME`.")
        case .engineAddress:
            (
                "The engine, or the server of a registry, cannot listen on its address.",
                "Stop what listens there, or choose another address."
            )
        case .engineUnreachable: ("No engine answers at the address.", "Start one with `iii`, or name its address.")
        case .callFailed: ("The function that was called answered with an error.", "The message is the function's own.")
        case .callTimedOut: ("The function did not answer in time.", "Give it more time, or look at its worker's log.")
        case .workerCrashed:
            (
                "A worker ended instead of becoming ready.",
                "The last lines of its log say why; `iii worker logs NAME` has the rest."
            )
        case .engineAlreadyRuns:
            ("An engine runs this project already.", "Use that one, or stop it first; the message has its process.")
        case .cancelled: ("The command was interrupted or declined.", "Run it again when you are ready.")
        case .bundleManifestRejected:
            (
                "The manifest of a bundle breaks a rule.",
                "For its author: correct the named field and publish a new version."
            )
        case .archiveUnsafe:
            (
                "An archive holds what an archive of a worker may not hold.",
                "For its author: pack with `iii worker publish`. For others: do not use it."
            )
        case .bundleResourceClamped:
            ("A bundle asked for more than bundles get; it gets the most that they do.", "Nothing; it is a warning.")
        case .graphExceeded:
            (
                "The worker needs too many others, or too deep.",
                "If you mean it, raise `--max-workers` or `--max-depth`."
            )
        case .graphInvalid: ("The workers that depend on each other make no sense together.", "The message names them.")
        case .binaryNotInArchive:
            (
                "The archive of a binary worker does not hold its one executable.",
                "For its author: pack with `iii worker publish`."
            )
        case .bundlesDisabled: ("Bundle workers are disabled on this machine.", "Unset `III_BUNDLE_WORKERS_DISABLED`.")
        case .isolationTooWeak:
            (
                "A worker is to run in a weaker sandbox than it must.",
                "Ask for a stronger `isolation:`, or lower `min_isolation:` in `~/.iii/settings.yaml`."
            )
        case .sandboxUnavailable:
            (
                "This machine has no sandbox in which the worker may run.",
                "The message says for each tier what is missing; `iii doctor` names the command that installs it."
            )
        case .sandboxFailed:
            ("A sandbox could not be made, or broke.", "Look at `iii worker logs NAME`; then start it again.")
        case .packingRefused:
            (
                "A folder cannot be packed as it is.",
                "The message names the file and what to do with it."
            )
        case .callsNotGranted:
            (
                "A worker asks to call functions on the bus that nobody has granted.",
                "Write the `may_call:` that the message names into its entry of `config.yaml`, or pass `--allow-calls`. The exit status is 3."
            )
        case .internalError: ("Something happened that nobody thought of.", "Please report it with the whole output.")
        }
    }
}
