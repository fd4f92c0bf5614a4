// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// Numbers as Prometheus reads them (text format 0.0.4).
struct MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    enum Kind: String { case counter, gauge, histogram }

    /// Begins a family; the names of all families begin with `iii_registry_` or `process_`.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: KeyValuePairs<String, String>, _ value: some Numeric) {
        let pairs = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
        text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs)}") \(value)\n"
    }

    /// A family with one sample.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some Numeric) {
        family(name, kind, help)
        sample(name, [:], value)
    }

    private static func escaped(_ label: String) -> String {
        label.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

extension ServerMetrics {
    /// Adds what was counted of requests.
    func write(to text: inout MetricsText) {
        let numbers = snapshot
        let requests = "iii_registry_http_requests_total"
        text.family(requests, .counter, "Requests that were answered.")
        let rows = numbers.requests.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        for (request, count) in rows {
            text.sample(
                requests,
                ["method": request.method, "route": request.route, "status": "\(request.status)"],
                count
            )
        }
        text.single(
            "iii_registry_http_requests_under_way",
            .gauge,
            "Requests whose answer has not begun.",
            numbers.underWay
        )
        let durations = "iii_registry_http_request_duration_seconds"
        text.family(durations, .histogram, "Time from the head of a request to the head of its answer.")
        for (route, measured) in numbers.durations.sorted(by: { $0.key < $1.key }) {
            var total = 0
            for (place, count) in measured.counts.enumerated() {
                total += count
                let bound = place < Self.bounds.count ? "\(Self.bounds[place])" : "+Inf"
                text.sample("\(durations)_bucket", ["route": route, "le": bound], total)
            }
            text.sample("\(durations)_sum", ["route": route], measured.sum)
            text.sample("\(durations)_count", ["route": route], total)
        }
    }
}
