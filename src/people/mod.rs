//! Agencies, the people who work there, and the people on the cases.
//!
//! An agency's name and keys come from the settings; its row exists so that everything else can point to it. Clients and
//! caseworkers arrive with imported cases. Nothing here decides anything.

mod store;

use std::collections::HashMap;

use secrecy::ExposeSecret as _;

use crate::ids::{AgencyId, CaseworkerId, ClientId};
use crate::seal::column::{self, Column};
use crate::seal::{self, Place, Sealed, Sealer};
use crate::words::DeliveryChannel;

pub(crate) use self::store::find_client;
pub use self::store::{
    enroll_agency, find_agency, find_caseworker, load_caseworkers, load_clients, remember_truv_user_in_tx,
};

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agency {
    /// Our id.
    pub id: AgencyId,
    /// The name in tokens and in the webhook's path.
    pub slug: String,
    /// Shown to people.
    pub name: String,
}

/// A member of an agency's staff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caseworker {
    /// Our id.
    pub id: CaseworkerId,
    /// The `sub` of the tokens that this person carries.
    pub external_id: String,
    /// Shown to people.
    pub display_name: String,
    /// `None` when the agency gave none.
    pub email: Option<String>,
}

/// The person on a case. Contact data is personal data: it never reaches a log or an event.
#[derive(Clone, PartialEq, Eq)]
pub struct Client {
    /// Our id.
    pub id: ClientId,
    /// The tenant.
    pub agency: AgencyId,
    /// The agency's own name for the person, also Truv's `external_user_id`.
    pub external_user_id: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// `None` when unknown. See [`Client::email`].
    pub sealed_email: Option<Sealed>,
    /// `None` when unknown. See [`Client::phone`].
    pub sealed_phone: Option<Sealed>,
    /// `None` when unknown. See [`Client::ssn_last4`].
    pub sealed_ssn_last4: Option<Sealed>,
    /// In which language they want to be asked: a tag such as `es`. `None` when unknown.
    pub language: Option<String>,
    /// How they want to be asked. `None` when unknown.
    pub preferred_channel: Option<DeliveryChannel>,
    /// Truv's id of the person; `None` until an order told it.
    pub truv_user_id: Option<String>,
}

impl Client {
    /// The way by which a link is best sent: the preferred one where it is possible, else the first that is;
    /// [`DeliveryChannel::None`] where the agency passes links on. `None` when there is no way.
    pub fn channel(&self) -> Option<DeliveryChannel> {
        let can = |channel: &DeliveryChannel| match channel {
            DeliveryChannel::Email => self.sealed_email.is_some(),
            DeliveryChannel::Sms => self.sealed_phone.is_some(),
            DeliveryChannel::None => true,
        };
        let known = [DeliveryChannel::Email, DeliveryChannel::Sms];
        self.preferred_channel.filter(can).or_else(|| known.into_iter().find(can))
    }

    /// The e-mail address; `None` when unknown.
    ///
    /// # Errors
    /// When it does not open: the key is missing, or the value was altered.
    pub fn email(&self, sealer: &Sealer) -> Result<Option<String>, seal::Error> {
        self.open(sealer, column::CLIENT_EMAIL, self.sealed_email.as_ref())
    }

    /// The phone number; `None` when unknown.
    ///
    /// # Errors
    /// As [`Self::email`].
    pub fn phone(&self, sealer: &Sealer) -> Result<Option<String>, seal::Error> {
        self.open(sealer, column::CLIENT_PHONE, self.sealed_phone.as_ref())
    }

    /// The last four digits of the social security number, more of which is never stored; `None` when unknown.
    ///
    /// # Errors
    /// As [`Self::email`].
    pub fn ssn_last4(&self, sealer: &Sealer) -> Result<Option<String>, seal::Error> {
        self.open(sealer, column::CLIENT_SSN_LAST4, self.sealed_ssn_last4.as_ref())
    }

    fn open(&self, sealer: &Sealer, column: Column, stored: Option<&Sealed>) -> Result<Option<String>, seal::Error> {
        let place = Place { agency: self.agency, column, row: self.id.0 };
        let open = |stored| sealer.open(&place, stored).map(|text| text.expose_secret().to_owned());
        stored.map(open).transpose()
    }

    /// First and last name.
    pub fn display_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

/// What a batch of look-ups answers: the things found, by id.
pub type Found<K, V> = HashMap<K, V>;
