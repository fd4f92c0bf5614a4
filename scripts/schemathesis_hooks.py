# SPDX-License-Identifier: Apache-2.0
# Part of iii, the worker registry, package manager and runtime.
"""What a registry refuses by rules that JSON Schema has no words for: such requests are not made.

They name what must exist, or two of their parts must agree.
"""

import datetime
import hashlib

import schemathesis


def is_said(path: str, body) -> bool:
    """Whether the schema says all there is to say about a body."""
    if not isinstance(body, dict):
        return True
    if path in ("/publish", "/publish/check"):
        dependencies = [entry.get("name") for entry in body.get("dependencies") or [] if isinstance(entry, dict)]
        artifacts = [body] if body.get("type") == "bundle" else list((body.get("binaries") or {}).values()
                                                                     if isinstance(body.get("binaries"), dict) else [])
        return (len(set(map(str, dependencies))) == len(dependencies) and body.get("worker_name") not in dependencies
                and all(isinstance(one, dict) and (one.get("url") or one.get("archive_url")) for one in artifacts))
    if path == "/w/{name}/releases/finalize":
        return str(body.get("candidate_version")).startswith(f"{body.get('stable_version')}-rc.")
    if path == "/w/{name}/deprecate":
        return "replacement" not in body
    if path == "/blobs":
        # A whole number is written as one: JSON Schema has no word for that.
        return not isinstance(body.get("size"), float)
    if path == "/keys" and body.get("expires_at") is not None:
        try:
            return datetime.datetime.fromisoformat(body["expires_at"]) > datetime.datetime.now(datetime.timezone.utc)
        except (TypeError, ValueError):
            return True
    return True


@schemathesis.hook
def filter_case(context, case):
    # Of a parameter that comes twice the first counts.
    return is_said(case.operation.path, case.body) and not any(isinstance(value, list) for value in (case.query or {}).values())


@schemathesis.hook
def map_case(context, case):
    # The digest of a blob is that of its bytes.
    if case.operation.path == "/blobs/sha256/{digest}" and case.method in ("PUT", "PATCH") and isinstance(case.body, bytes):
        case.path_parameters["digest"] = hashlib.sha256(case.body).hexdigest()
    return case
