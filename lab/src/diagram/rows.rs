//! What a diagram consists of.

/// One row of the diagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A call that no message belongs to, beside its lane.
    Call {
        /// Its lane.
        lane: usize,
        /// What is written there.
        text: String,
    },
    /// Something on its way from one lane to another.
    Arrow {
        /// The lane it comes from.
        from: usize,
        /// The lane it goes to.
        to: usize,
        /// What is written on it.
        label: String,
        /// What is written right of it.
        beside: String,
        /// How it is drawn.
        line: Line,
    },
    /// In place of rows that are like those before them.
    Folded(String),
}

/// How an arrow is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// It was sent and received.
    Arrived,
    /// It was sent and never received.
    Lost,
    /// A segment that nobody saw: inferred from the calls.
    Inferred,
}

/// Something that went from one lane to another, as a capture would show it. Segments of TCP that carry bytes are not
/// among them: the system cuts a stream as it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The lane it came from.
    pub from: usize,
    /// The lane it went to.
    pub to: usize,
    /// What it was.
    pub what: What,
}

/// What goes from one lane to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum What {
    Syn,
    SynAck,
    Ack,
    Fin,
    Rst,
    /// A datagram of UDP with so many bytes.
    Datagram(u64),
    /// ICMP: nobody is at that port.
    PortUnreachable,
}
