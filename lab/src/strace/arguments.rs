//! The parts between the parentheses of a call: numbers, strings, addresses, structures.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Walks over a text, and knows where it is inside of a string, a bracket, or what `-y` writes behind a descriptor.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    quoted: bool,
    /// Inside of `<…>`.
    in_note: bool,
}

impl<'a> Walk<'a> {
    fn over(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0, quoted: false, in_note: false }
    }

    /// The next byte that stands in no string and no bracket, and where; closing brackets of no opening one too.
    fn next_outside(&mut self) -> Option<(usize, u8)> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            let at = self.at;
            self.at += 1;
            if self.quoted {
                match byte {
                    b'\\' => self.at += 1,
                    b'"' => self.quoted = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.quoted = true,
                b'>' if self.in_note && !self.is_arrow(at) => self.in_note = false,
                _ if self.in_note => {}
                b'<' if self.begins_note(at) => self.in_note = true,
                b'(' | b'[' | b'{' => self.depth += 1,
                b')' | b']' | b'}' if self.depth > 0 => self.depth -= 1,
                _ if self.depth == 0 => return Some((at, byte)),
                _ => {}
            }
        }
        None
    }

    /// Whether this `<` follows a descriptor. `1<<3` is a number.
    fn begins_note(&self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1) != Some(&b'<')
    }

    /// Whether this `>` belongs to the arrow between two addresses.
    fn is_arrow(&self, at: usize) -> bool {
        let bytes = self.text.as_bytes();
        at > 0 && bytes[at - 1] == b'-' && bytes.get(at + 1).is_some_and(|next| next.is_ascii_digit() || *next == b'[')
    }
}

/// Where the parenthesis is that ends the arguments which `text` begins with.
pub(super) fn end(text: &str) -> Option<usize> {
    let mut walk = Walk::over(text);
    while let Some((at, byte)) = walk.next_outside() {
        if byte == b')' {
            return Some(at);
        }
    }
    None
}

/// The parts between commas, of arguments or of the inside of a structure.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut from, mut walk) = (Vec::new(), 0, Walk::over(text));
    while let Some((at, byte)) = walk.next_outside() {
        if byte == b',' {
            parts.push(text[from..at].trim());
            from = at + 1;
        }
    }
    parts.push(text[from..].trim());
    parts
}

/// What stands between a bracket of this kind and the one that closes it, at the beginning of `text`.
fn inside(text: &str, open: char) -> Option<&str> {
    let rest = text.strip_prefix(open)?;
    let mut walk = Walk::over(rest);
    while let Some((at, byte)) = walk.next_outside() {
        if matches!(byte, b')' | b']' | b'}') {
            return Some(&rest[..at]);
        }
    }
    None
}

/// The value of a field of the structure `{name=value, …}`.
pub(super) fn field<'a>(structure: &'a str, name: &str) -> Option<&'a str> {
    let fields = parts(inside(structure, '{')?);
    fields.into_iter().find_map(|field| field.strip_prefix(name)?.strip_prefix('='))
}

/// The elements of an array `[…, …]`.
pub(super) fn elements(array: &str) -> Vec<&str> {
    inside(array, '[').filter(|inside| !inside.is_empty()).map(parts).unwrap_or_default()
}

/// A descriptor, and what `-y` and `-yy` write behind it.
pub(super) fn descriptor(text: &str) -> Option<(u32, Option<&str>)> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..digits].parse().ok()?;
    let note = text[digits..].strip_prefix('<');
    Some((number, note.map(|note| note.rfind('>').map_or(note, |end| &note[..end]))))
}

/// A string as bytes, and whether that is all of it; `None` of what is no string.
pub(super) fn string(text: &str) -> Option<(Vec<u8>, bool)> {
    let mut rest = text.strip_prefix('"')?.bytes().peekable();
    let mut bytes = Vec::new();
    while let Some(byte) = rest.next() {
        match byte {
            b'"' => return Some((bytes, !text.ends_with("..."))),
            b'\\' => bytes.push(escaped(&mut rest)?),
            byte => bytes.push(byte),
        }
    }
    None
}

/// What stands behind a backslash, as in C.
fn escaped(rest: &mut std::iter::Peekable<std::str::Bytes<'_>>) -> Option<u8> {
    let digits = |rest: &mut std::iter::Peekable<std::str::Bytes<'_>>, radix: u32, most: usize, mut value: u32| {
        for _ in 0..most {
            let Some(digit) = rest.peek().and_then(|&byte| char::from(byte).to_digit(radix)) else { break };
            value = value * radix + digit;
            rest.next();
        }
        u8::try_from(value).ok()
    };
    Some(match rest.next()? {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'v' => 0x0b,
        b'f' => 0x0c,
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' => 0x1b,
        b'x' => digits(rest, 16, 2, 0)?,
        digit @ b'0'..=b'7' => digits(rest, 8, 2, u32::from(digit - b'0'))?,
        byte => byte,
    })
}

/// The socket address of a structure, if it is one of IPv4 or IPv6.
pub(super) fn address(structure: &str) -> Option<SocketAddr> {
    let value = |name: &str| field(structure, name);
    let call =
        |text: &'_ str| text.split_once('(').and_then(|(_, inside)| inside.strip_suffix(')')).map(str::to_string);
    let port = |name: &str| call(value(name)?)?.parse().ok();
    if let Some(port) = port("sin_port") {
        let (host, _) = string(&call(value("sin_addr")?)?)?;
        let host: IpAddr = str::from_utf8(&host).ok()?.parse().ok()?;
        return Some((host, port).into());
    }
    let host = parts(inside(structure, '{')?).into_iter().find(|part| part.starts_with("inet_pton("));
    let (host, _) = string(parts(&call(host?)?).get(1)?)?;
    let host: Ipv6Addr = str::from_utf8(&host).ok()?.parse().ok()?;
    Some((host, port("sin6_port")?).into())
}

/// What `-yy` writes behind a socket: its transport, its own address, its peer's.
pub(super) struct Note {
    pub(super) datagrams: bool,
    pub(super) local: Option<SocketAddr>,
    pub(super) peer: Option<SocketAddr>,
}

impl Note {
    /// `None` of what is no socket of TCP or UDP.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (transport, rest) = text.split_once(':')?;
        let datagrams = match transport {
            "TCP" | "TCPv6" => false,
            "UDP" | "UDPv6" => true,
            _ => return None,
        };
        let ends = rest.strip_prefix('[')?.strip_suffix(']')?;
        let (local, peer) = match ends.split_once("->") {
            Some((local, peer)) => (local, peer.parse().ok()),
            None => (ends, None),
        };
        Some(Self { datagrams, local: local.parse().ok(), peer })
    }
}
