// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

/// A worker in TypeScript, compiled to JavaScript for any Node.
enum TypeScriptTemplate {
    static let package = """
        {
          "name": "@NAME@",
          "version": "0.1.0",
          "private": true,
          "type": "module",
          "engines": { "node": ">=18" },
          "scripts": { "build": "tsc", "start": "node dist/main.js" },
          "devDependencies": { "typescript": "^5.7.0" }
        }

        """

    static let settings = """
        {
          "compilerOptions": {
            "target": "ES2022",
            "module": "NodeNext",
            "moduleResolution": "NodeNext",
            "strict": true,
            "types": [],
            "rootDir": "src",
            "outDir": "dist"
          },
          "include": ["src"]
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
          (data: { name: string }) => ({ message: `Hello, ${data.name}!` }),
        );

        await worker.run();

        """#
}
