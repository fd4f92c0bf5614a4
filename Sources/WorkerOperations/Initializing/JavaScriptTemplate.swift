// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker in JavaScript, with nothing but Node.
enum JavaScriptTemplate {
    static let package = """
        {
          "name": "@NAME@",
          "version": "0.1.0",
          "private": true,
          "type": "module",
          "engines": { "node": ">=18" },
          "scripts": { "start": "node src/main.mjs" }
        }

        """

    static let main = #"""
        import { Worker } from "../lib/engine.mjs";

        const worker = new Worker("@NAME@");

        worker.function(
          "@PREFIX@::greet",
          {
            description: "Greets somebody by name.",
            request: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
            response: { type: "object", properties: { message: { type: "string" } } },
          },
          (data) => ({ message: `Hello, ${data.name}!` }),
        );

        await worker.run();

        """#
}
