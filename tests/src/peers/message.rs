//! Messages of MongoDB's wire protocol, read only as far as a scripted answer needs it: which command a message is,
//! whether it waits for an answer, and how an answer to it looks.

use std::io;

use ::mongodb::bson::{RawDocument, RawDocumentBuf};

/// Length, number, number of the message that is answered, operation: 4 bytes each.
pub(super) const HEADER_BYTES: usize = 16;
/// What a server takes at most.
const MAX_MESSAGE_BYTES: usize = 48_000_000;
const OP_MSG: u32 = 2013;
/// No answer is expected.
const MORE_TO_COME: u32 = 2;
const BODY: u8 = 0;

/// A whole message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    header: [u8; HEADER_BYTES],
    payload: Vec<u8>,
}

/// The length of what follows a header.
///
/// # Errors
/// Where it is no length of a message.
pub(super) fn payload_bytes(header: &[u8; HEADER_BYTES]) -> io::Result<usize> {
    let length = field(header, 0) as usize;
    match (HEADER_BYTES..=MAX_MESSAGE_BYTES).contains(&length) {
        true => Ok(length - HEADER_BYTES),
        false => Err(io::Error::other(format!("a message of {length} bytes"))),
    }
}

impl Message {
    pub(super) fn new(header: [u8; HEADER_BYTES], payload: Vec<u8>) -> Self {
        Self { header, payload }
    }

    /// The message that asks for a command.
    pub(super) fn asking(number: u32, command: &RawDocument) -> Self {
        Self::op_msg(number, 0, command)
    }

    /// The message that answers this one.
    pub(super) fn answered_with(&self, body: &RawDocument) -> Self {
        Self::op_msg(0, field(&self.header, 4), body)
    }

    fn op_msg(number: u32, answers: u32, body: &RawDocument) -> Self {
        let mut payload = 0_u32.to_le_bytes().to_vec();
        payload.push(BODY);
        payload.extend_from_slice(body.as_bytes());
        let length = u32::try_from(HEADER_BYTES + payload.len()).unwrap_or(u32::MAX);
        let mut header = [0; HEADER_BYTES];
        for (place, value) in header.chunks_exact_mut(4).zip([length, number, answers, OP_MSG]) {
            place.copy_from_slice(&value.to_le_bytes());
        }
        Self { header, payload }
    }

    /// As it goes over the wire.
    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.header.as_slice(), &self.payload].concat()
    }

    /// Whether its sender waits for an answer.
    pub(super) fn wants_answer(&self) -> bool {
        !self.is_op_msg() || field(&self.payload, 0) & MORE_TO_COME == 0
    }

    /// The command's name: the first field of the body. None for the handshake of a driver that does not know yet
    /// whom it speaks to.
    pub(super) fn command(&self) -> Option<String> {
        let body = self.body()?;
        let (name, _) = body.iter().next()?.ok()?;
        Some(name.as_str().to_owned())
    }

    /// The body; document sequences may lie before it.
    pub(super) fn body(&self) -> Option<RawDocumentBuf> {
        if !self.is_op_msg() {
            return None;
        }
        let mut rest = self.payload.get(4..)?;
        loop {
            let (kind, section) = rest.split_first()?;
            let length = field(section, 0) as usize;
            if *kind == BODY {
                return RawDocumentBuf::from_bytes(section.get(..length)?.to_vec()).ok();
            }
            rest = section.get(length..)?;
        }
    }

    fn is_op_msg(&self) -> bool {
        field(&self.header, 12) == OP_MSG
    }
}

/// The little-endian number at this place; 0 where there is none.
fn field(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.copied().map_or(0, u32::from_le_bytes)
}
