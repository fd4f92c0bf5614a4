// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// How the tokens of one service look.
struct SecretToken: Sendable {
    /// What may follow the prefix.
    private enum Alphabet {
        case word
        case alphanumeric
        case hexadecimal
        /// Of base 32.
        case capitals

        func contains(_ byte: UInt8) -> Bool {
            let isDigit = (0x30...0x39).contains(byte)
            let isCapital = (0x41...0x5A).contains(byte)
            let isSmall = (0x61...0x7A).contains(byte)
            return switch self {
            case .word: SecretScanner.isWordByte(byte)
            case .alphanumeric: isDigit || isCapital || isSmall
            case .hexadecimal: isDigit || (0x61...0x66).contains(byte) || (0x41...0x46).contains(byte)
            case .capitals: isDigit || isCapital
            }
        }
    }

    /// What the word begins with.
    private let prefix: [UInt8]
    /// What stands before the word, such as the `SG.` of a token with dots in it.
    private let lead: [UInt8]
    private let alphabet: Alphabet
    /// How many bytes of the alphabet follow the prefix at least.
    private let length: Int
    /// As it reads behind "seems to hold".
    let what: String

    private init(_ prefix: String, _ length: Int, _ alphabet: Alphabet, _ what: String, lead: String = "") {
        self.prefix = Array(prefix.utf8)
        self.lead = Array(lead.utf8)
        self.alphabet = alphabet
        self.length = length
        self.what = what
    }

    func matches(_ word: Slice<UnsafeRawBufferPointer>, in bytes: UnsafeRawBufferPointer) -> Bool {
        guard word.count >= prefix.count + length, word.starts(with: prefix) else { return false }
        guard word.dropFirst(prefix.count).prefix(length).allSatisfy(alphabet.contains) else { return false }
        if lead.isEmpty { return !word.suffix(Self.example.count).elementsEqual(Self.example) }
        let before = bytes[..<word.startIndex]
        guard before.suffix(lead.count).elementsEqual(lead) else { return false }
        return before.dropLast(lead.count).last.map { !SecretScanner.isWordByte($0) } ?? true
    }

    /// How the keys of documentation end.
    private static let example = Array("EXAMPLE".utf8)

    static let all: [SecretToken] = [
        SecretToken("AKIA", 16, .capitals, "an AWS access key"),
        SecretToken("ASIA", 16, .capitals, "an AWS access key"),
        SecretToken("ghp_", 36, .alphanumeric, "a GitHub token"),
        SecretToken("gho_", 36, .alphanumeric, "a GitHub token"),
        SecretToken("ghu_", 36, .alphanumeric, "a GitHub token"),
        SecretToken("ghs_", 36, .alphanumeric, "a GitHub token"),
        SecretToken("ghr_", 36, .alphanumeric, "a GitHub token"),
        SecretToken("github_pat_", 40, .word, "a GitHub token"),
        SecretToken("glpat-", 20, .word, "a GitLab token"), SecretToken("gldt-", 20, .word, "a GitLab token"),
        SecretToken("glrt-", 20, .word, "a GitLab token"), SecretToken("glptt-", 40, .word, "a GitLab token"),
        SecretToken("npm_", 36, .alphanumeric, "an npm token"), SecretToken("pypi-", 60, .word, "a PyPI token"),
        SecretToken("rubygems_", 48, .hexadecimal, "a key for RubyGems"),
        SecretToken("dckr_pat_", 27, .word, "a token for Docker Hub"),
        SecretToken("xoxb-", 20, .word, "a Slack token"), SecretToken("xoxp-", 20, .word, "a Slack token"),
        SecretToken("xoxa-", 20, .word, "a Slack token"), SecretToken("xoxr-", 20, .word, "a Slack token"),
        SecretToken("xoxs-", 20, .word, "a Slack token"), SecretToken("xapp-", 20, .word, "a Slack token"),
        SecretToken("sk_live_", 24, .alphanumeric, "a Stripe key"),
        SecretToken("rk_live_", 24, .alphanumeric, "a Stripe key"),
        SecretToken("whsec_", 32, .alphanumeric, "a secret of a webhook"),
        SecretToken("sk-proj-", 40, .word, "an OpenAI key"), SecretToken("sk-svcacct-", 40, .word, "an OpenAI key"),
        SecretToken("sk-admin-", 40, .word, "an OpenAI key"), SecretToken("sk-ant-", 80, .word, "an Anthropic key"),
        SecretToken("sk-or-v1-", 64, .hexadecimal, "an OpenRouter key"),
        SecretToken("sk-", 48, .alphanumeric, "an OpenAI key"),
        SecretToken("gsk_", 52, .alphanumeric, "a Groq key"),
        SecretToken("hf_", 34, .alphanumeric, "a Hugging Face token"),
        SecretToken("r8_", 37, .alphanumeric, "a Replicate token"), SecretToken("nvapi-", 60, .word, "an NVIDIA key"),
        SecretToken("AIza", 35, .word, "a Google key"), SecretToken("GOCSPX-", 28, .word, "a Google secret"),
        SecretToken("dop_v1_", 64, .hexadecimal, "a DigitalOcean token"),
        SecretToken("shpat_", 32, .hexadecimal, "a Shopify token"),
        SecretToken("shpss_", 32, .hexadecimal, "a Shopify secret"),
        SecretToken("lin_api_", 40, .alphanumeric, "a Linear key"),
        SecretToken("glsa_", 32, .word, "a Grafana token"), SecretToken("sntrys_", 60, .word, "a Sentry token"),
        SecretToken("xkeysib-", 64, .word, "a Brevo key"), SecretToken("PMAK-", 24, .word, "a Postman key"),
        SecretToken("ATATT3", 150, .word, "an Atlassian token"), SecretToken("figd_", 40, .word, "a Figma token"),
        SecretToken("pul-", 40, .hexadecimal, "a Pulumi token"),
        SecretToken("tskey-auth-", 20, .word, "a Tailscale key"),
        SecretToken("AGE-SECRET-KEY-1", 58, .capitals, "a private key"),
        SecretToken("", 22, .word, "a SendGrid key", lead: "SG."),
        SecretToken("", 24, .word, "a token for Vault", lead: "hvs."),
        SecretToken("", 30, .word, "a Google token", lead: "ya29."),
        SecretToken("", 40, .alphanumeric, "a Doppler token", lead: "dp.pt."),
        SecretToken("iii_", 43, .word, "a key of a worker registry"),
    ]
}
