// SPDX-License-Identifier: Apache-2.0
// Part of iii, the worker registry, package manager and runtime.

extension RustTemplate {
    /// `src/json.rs`: the standard library has no JSON.
    static let json = #"""
        //! JSON, as much as a worker needs.

        use std::collections::{hash_map::RandomState, BTreeMap};
        use std::fmt::{Display, Formatter, Write};
        use std::hash::{BuildHasher, Hasher};

        /// A JSON value; numbers keep their digits.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Json {
            Null,
            Bool(bool),
            Number(String),
            Text(String),
            List(Vec<Json>),
            Object(BTreeMap<String, Json>),
        }

        impl Json {
            pub fn text(text: impl Into<String>) -> Json {
                Json::Text(text.into())
            }

            pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
                Json::Object(members.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
            }

            /// A member of an object; null where there is none.
            pub fn get(&self, key: &str) -> &Json {
                match self {
                    Json::Object(members) => members.get(key).unwrap_or(&Json::Null),
                    _ => &Json::Null,
                }
            }

            pub fn as_str(&self) -> Option<&str> {
                if let Json::Text(text) = self { Some(text) } else { None }
            }

            pub fn parse(text: &str) -> Result<Json, String> {
                let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
                let value = parser.value(0)?;
                if parser.peek().is_some() { Err(parser.wrong()) } else { Ok(value) }
            }
        }

        impl Display for Json {
            fn fmt(&self, out: &mut Formatter) -> std::fmt::Result {
                match self {
                    Json::Null => out.write_str("null"),
                    Json::Bool(value) => write!(out, "{value}"),
                    Json::Number(digits) => out.write_str(digits),
                    Json::Text(text) => quoted(text, out),
                    Json::List(values) => {
                        out.write_char('[')?;
                        for (index, value) in values.iter().enumerate() {
                            write!(out, "{}{value}", if index > 0 { "," } else { "" })?;
                        }
                        out.write_char(']')
                    }
                    Json::Object(members) => {
                        out.write_char('{')?;
                        for (index, (key, value)) in members.iter().enumerate() {
                            out.write_str(if index > 0 { "," } else { "" })?;
                            quoted(key, out)?;
                            write!(out, ":{value}")?;
                        }
                        out.write_char('}')
                    }
                }
            }
        }

        fn quoted(text: &str, out: &mut Formatter) -> std::fmt::Result {
            out.write_char('"')?;
            for character in text.chars() {
                match character {
                    '"' | '\\' => write!(out, "\\{character}")?,
                    '\0'..='\x1f' => write!(out, "\\u{:04x}", character as u32)?,
                    _ => out.write_char(character)?,
                }
            }
            out.write_char('"')
        }

        struct Parser<'a> {
            bytes: &'a [u8],
            at: usize,
        }

        impl Parser<'_> {
            fn wrong(&self) -> String {
                format!("this is no JSON at byte {}", self.at)
            }

            /// The next byte that is no blank.
            fn peek(&mut self) -> Option<u8> {
                while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
                    self.at += 1;
                }
                self.bytes.get(self.at).copied()
            }

            fn take(&mut self, byte: u8) -> bool {
                let is_there = self.peek() == Some(byte);
                self.at += usize::from(is_there);
                is_there
            }

            fn value(&mut self, depth: usize) -> Result<Json, String> {
                match self.peek() {
                    _ if depth > 100 => Err("this JSON is nested too deeply".into()),
                    Some(b'{') => {
                        let mut members = BTreeMap::new();
                        self.items(b'}', |parser| {
                            if parser.peek() != Some(b'"') {
                                return Err(parser.wrong());
                            }
                            let key = parser.string()?;
                            if !parser.take(b':') {
                                return Err(parser.wrong());
                            }
                            members.insert(key, parser.value(depth + 1)?);
                            Ok(())
                        })?;
                        Ok(Json::Object(members))
                    }
                    Some(b'[') => {
                        let mut values = Vec::new();
                        self.items(b']', |parser| {
                            values.push(parser.value(depth + 1)?);
                            Ok(())
                        })?;
                        Ok(Json::List(values))
                    }
                    Some(b'"') => Ok(Json::Text(self.string()?)),
                    Some(b'-' | b'0'..=b'9') => {
                        let start = self.at;
                        while matches!(self.bytes.get(self.at), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
                            self.at += 1;
                        }
                        Ok(Json::Number(String::from_utf8_lossy(&self.bytes[start..self.at]).into()))
                    }
                    _ => {
                        for (word, value) in
                            [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
                        {
                            if self.bytes[self.at..].starts_with(word.as_bytes()) {
                                self.at += word.len();
                                return Ok(value);
                            }
                        }
                        Err(self.wrong())
                    }
                }
            }

            /// What stands between commas up to `end`.
            fn items(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
                self.at += 1;
                if self.take(end) {
                    return Ok(());
                }
                loop {
                    item(self)?;
                    if self.take(end) {
                        return Ok(());
                    }
                    if !self.take(b',') {
                        return Err(self.wrong());
                    }
                }
            }

            fn string(&mut self) -> Result<String, String> {
                self.at += 1;
                let mut text = Vec::new();
                loop {
                    let byte = self.next()?;
                    match byte {
                        b'"' => return String::from_utf8(text).map_err(|_| self.wrong()),
                        b'\\' => {
                            let character = match self.next()? {
                                b'n' => '\n',
                                b't' => '\t',
                                b'r' => '\r',
                                b'b' => '\x08',
                                b'f' => '\x0c',
                                b'u' => self.unicode()?,
                                other => other as char,
                            };
                            text.extend(character.to_string().bytes());
                        }
                        _ => text.push(byte),
                    }
                }
            }

            fn next(&mut self) -> Result<u8, String> {
                let byte = self.bytes.get(self.at).copied().ok_or_else(|| self.wrong())?;
                self.at += 1;
                Ok(byte)
            }

            fn unit(&mut self) -> Result<u32, String> {
                let digits = self.bytes.get(self.at..self.at + 4).ok_or_else(|| self.wrong())?;
                let unit = std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
                self.at += 4;
                unit.ok_or_else(|| self.wrong())
            }

            /// What stands behind `\u`: one unit of UTF-16, or two for what lies beyond its first plane.
            fn unicode(&mut self) -> Result<char, String> {
                let first = self.unit()?;
                if !(0xD800..0xDC00).contains(&first) || !self.bytes[self.at..].starts_with(b"\\u") {
                    return Ok(char::from_u32(first).unwrap_or('\u{FFFD}'));
                }
                self.at += 2;
                let second = self.unit()?.wrapping_sub(0xDC00) & 0x3FF;
                Ok(char::from_u32(0x10000 + ((first - 0xD800) << 10) + second).unwrap_or('\u{FFFD}'))
            }
        }

        /// Random bits, from the seed that maps of the standard library begin with.
        pub fn random() -> u64 {
            RandomState::new().build_hasher().finish()
        }

        """#
}
