//! The eligibility check (資格確認): the question a clinic asks about one patient, and the center's answer (OQS-IF-001/002, face file).

mod asked;
mod message;
mod record;
mod refusal;
mod request;
mod result;
mod ticket;

pub use asked::{Asked, FieldMistake, SearchKey};
pub(crate) use message::Message;
pub use record::{Consents, ElderlyRecipientCertificate, LimitApplicationCertificate, QualificationRecord, SpecificDiseasesCertificate};
pub use refusal::Echo;
pub use request::{CheckRequest, SearchInfo};
pub use result::{CheckResult, ResultBody, ResultHeader};
pub use ticket::MedicalTicket;
