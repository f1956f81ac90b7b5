//! Links (saved payroll connections), providers, and bridge tokens (Truv, "Account links", "Bridge token").

use std::fmt;

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::scalars;

/// The payroll company, bank or document service behind a connection. An object in orders, tasks and links, a plain id in
/// the report about a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provider {
    /// Stable id, such as `adp`.
    pub id: Option<String>,
    /// For people; `None` where only the id is sent.
    pub name: Option<String>,
    /// An image.
    pub logo_url: Option<String>,
}

impl<'de> Deserialize<'de> for Provider {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: Option<String>,
            name: Option<String>,
            logo_url: Option<String>,
        }

        struct IdOrObject;

        impl<'de> Visitor<'de> for IdOrObject {
            type Value = Provider;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a provider's id or a provider")
            }

            fn visit_str<E>(self, id: &str) -> Result<Provider, E> {
                Ok(Provider { id: Some(id.to_owned()), ..Provider::default() })
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Provider, M::Error> {
                let Fields { id, name, logo_url } = Fields::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Provider { id, name, logo_url })
            }
        }

        from.deserialize_any(IdOrObject)
    }
}

/// The employer that a link was made for. Its id skips the search when the client is asked again.
#[derive(Clone, Debug, Deserialize)]
pub struct CompanyMapping {
    /// Goes into `NewEmployer::company_mapping_id`.
    pub id: Option<String>,
    /// For people.
    pub name: Option<String>,
}

/// A saved connection of one person to one provider. It outlives the order that made it.
#[derive(Clone, Debug, Deserialize)]
pub struct Link {
    /// `link_id` everywhere else.
    pub id: String,
    /// The state of the last task, not of the authorisation.
    pub status: Option<String>,
    /// When the client first logged in.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub created_at: Option<DateTime<Utc>>,
    /// Moves on any change, so it says nothing about the age of the authorisation.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub updated_at: Option<DateTime<Utc>>,
    /// Set once data and credentials are removed.
    #[serde(default, deserialize_with = "scalars::instant")]
    pub deleted_at: Option<DateTime<Utc>>,
    /// The key to the connection, for update mode. In clear only in the list of one person's links; `None` where upstream
    /// masks it.
    #[serde(default, deserialize_with = "scalars::secret")]
    pub access_token: Option<SecretString>,
    /// The provider's id, also without `provider`.
    pub provider_id: Option<String>,
    /// The provider.
    pub provider: Option<Provider>,
    /// The employer.
    pub company_mapping: Option<CompanyMapping>,
    /// Differs when the credentials differ.
    pub link_hash: Option<String>,
    /// What we called the person.
    #[serde(default, deserialize_with = "scalars::text")]
    pub user_external_id: Option<String>,
    /// What the order or the bridge token that made the link carried.
    #[serde(default, deserialize_with = "scalars::text")]
    pub tracking_info: Option<String>,
    /// `payroll`, `docs`, `tax`, `financial_accounts`, ….
    pub data_source: Option<String>,
    /// The vendor suspects fraud or a mismatch.
    pub is_suspicious: Option<bool>,
}

/// Asks for a token that opens the widget; with `access_token` in update mode, where the client signs in again on the same
/// connection.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BridgeTokenRequest {
    /// `income`, `employment`, ….
    pub product_type: String,
    /// The connection to revive.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "scalars::expose")]
    pub access_token: Option<SecretString>,
    /// Comes back in the events of the login; the suborder's id, so that they can be matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_info: Option<String>,
    /// The widget's look, as set up with the vendor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Skips the employer search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_mapping_id: Option<String>,
    /// Skips the provider search.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// Which sources to offer, in order of fallback; empty leaves the choice to the vendor.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub data_sources: Vec<String>,
}

/// The token that opens the widget. It lives about six hours: make one per visit.
#[derive(Clone, Debug, Deserialize)]
pub struct BridgeToken {
    /// For the widget, and for nobody else; `None` if upstream left it out.
    #[serde(default, deserialize_with = "scalars::secret")]
    pub bridge_token: Option<SecretString>,
}
