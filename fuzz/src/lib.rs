//! What must hold of every decoder, whatever bytes it gets. The fuzz targets and `lab/tests/lab/properties.rs` call
//! the same functions: each takes bytes, and panics where its property does not hold.

mod choices;
pub mod contacts;
pub mod diagram;
pub mod frames;
pub mod handshake;
pub mod lines;
pub mod messages;
pub mod options;
pub mod reliable;
pub mod room;
pub mod text;
pub mod time;

/// A property of whatever bytes.
pub type Property = fn(&[u8]);

/// Every property, by the name of its fuzz target and of its directory of seeds.
pub const ALL: [(&str, Property); 12] = [
    ("contacts", contacts::check),
    ("diagram", diagram::check),
    ("frames", frames::check),
    ("handshake", handshake::check),
    ("messages", messages::check),
    ("lines", lines::check),
    ("options", options::check),
    ("room", room::check),
    ("reliable_client", reliable::client::check),
    ("reliable_server", reliable::server::check),
    ("text", text::check),
    ("time", time::check),
];
