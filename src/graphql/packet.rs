//! Evidence packets.

use async_graphql::SimpleObject;

use super::error::ApiError;
use super::view::View;
use crate::cases::Renewal;
use crate::packets::{self, PacketError};
use crate::words::AuditAccess;

/// Everything that a decision on a renewal stands on, as one file that shows every later change.
#[derive(Clone, SimpleObject)]
pub(crate) struct EvidencePacket {
    /// A name for the file.
    file_name: String,
    /// The file: one JSON document. Keep it byte for byte; `recert verify` checks it offline.
    text: String,
    /// What stands at its end for the whole of it. Kept elsewhere, it tells this file from one that was made anew.
    seal: String,
}

impl EvidencePacket {
    pub(crate) async fn of(view: &View, renewal: &Renewal) -> Result<Option<Self>, ApiError> {
        packets::require(view.caller())?;
        if view.until().is_some() {
            return Err(ApiError::bad_input("an evidence packet shows the present: ask for it without asOf"));
        }
        view.show(renewal.case, AuditAccess::Export);
        match packets::of_renewal(view.kit(), view.caller(), renewal.case, renewal).await {
            Ok(packet) => Ok(Some(Self { file_name: packet.file_name, text: packet.text, seal: packet.seal })),
            Err(PacketError::NotFound) => Ok(None),
            Err(PacketError::Forbidden(missing)) => Err(missing.into()),
            Err(PacketError::Unwritable(_)) => Err(ApiError::internal("a section of a packet cannot be written")),
            Err(PacketError::Storage(error)) => Err(error.into()),
        }
    }
}
