// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

import WorkerModel

/// How pages look, in light and in dark, on wide screens and narrow ones.
package enum StyleSheet {
    package static let bytes = Array(text.utf8)

    /// Changes with the text, so that browsers may keep a version for ever.
    package static let version = String(Digest.sha256(bytes).description.prefix(16))

    private static let text = """
        :root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--back:#fff;--box:#f6f8fa;
        --link:#0a5c45;--warn:#7a2e00;--warnbox:#fff4e5}
        @media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--line:#3d444d;--back:#0d1117;--box:#161b22;
        --link:#5fd0ad;--warn:#ffb77c;--warnbox:#2d1f10}}
        *{box-sizing:border-box}
        body{margin:0 auto;max-width:70rem;padding:0 1rem 3rem;background:var(--back);color:var(--ink);
        font:1rem/1.5 system-ui,sans-serif;overflow-wrap:break-word}
        a{color:var(--link)}
        a:focus-visible,input:focus-visible,button:focus-visible,summary:focus-visible,select:focus-visible{
        outline:3px solid var(--link);outline-offset:2px}
        .skip{position:absolute;left:-100rem}.skip:focus{left:1rem;top:1rem}
        header{display:flex;flex-wrap:wrap;gap:1rem;align-items:center;padding:1rem 0;border-bottom:1px solid var(--line)}
        header .home{font-weight:700;text-decoration:none}
        form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;flex:1}
        header label{position:absolute;left:-100rem}
        input,select,button{font:inherit;color:inherit;background:var(--box);border:1px solid var(--line);border-radius:6px;
        padding:.4rem .7rem}
        input[type=search]{flex:1;min-width:10rem}
        footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);display:flex;gap:1.5rem}
        h1{margin:1.5rem 0 .5rem;font-size:1.8rem}h2{margin:2rem 0 .5rem;font-size:1.3rem}
        .soft,dt,caption,.facts{color:var(--soft)}
        .list{list-style:none;padding:0}.list>li{padding:.9rem 0;border-bottom:1px solid var(--line)}
        .list h2{margin:0;font-size:1.1rem}.list p{margin:.2rem 0}
        .tags{list-style:none;padding:0;margin:.3rem 0;display:flex;flex-wrap:wrap;gap:.4rem}
        .tags a,.mark{background:var(--box);border:1px solid var(--line);border-radius:1rem;padding:0 .6rem;font-size:.9rem;
        text-decoration:none}
        .notice{background:var(--warnbox);color:var(--warn);border-left:4px solid;border-radius:4px;padding:.5rem 1rem}
        pre{background:var(--box);border:1px solid var(--line);border-radius:6px;padding:.8rem;overflow-x:auto;
        overflow-wrap:normal}
        code{font-family:ui-monospace,monospace;font-size:.92em}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .7rem .35rem 0;
        border-bottom:1px solid var(--line);vertical-align:top}caption{text-align:left}
        .scroll{overflow-x:auto}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}dd{margin:0}
        details{border-bottom:1px solid var(--line);padding:.4rem 0}summary{cursor:pointer}
        .text{border:1px solid var(--line);border-radius:6px;padding:0 1rem}
        nav ul{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:1rem}

        """
}

/// The picture of the registry in tabs of browsers.
package enum PageIcon {
    package static let bytes = Array(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="#0a6b50"/>
        <path d="M4 4v8M8 4v8M12 4v8" stroke="#fff" stroke-width="2"/></svg>
        """.utf8
    )
}
