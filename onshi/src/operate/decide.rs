//! What operators decide from day to day: applications, and the hours in which services are closed.

use clap::Subcommand;
use http::Method;
use serde_json::json;

use super::Asked;

/// `onshi registry application …`
#[derive(Subcommand)]
pub(super) enum ApplicationCommand {
    /// 申請の一覧
    List,
    /// 申請の内容
    Show {
        /// 申請番号
        application: String,
    },
    /// 申請を承認します
    Approve {
        /// 申請番号
        application: String,
        /// いつから利用できるか: usual（設定のとおり）、now（今すぐ）、または日（YYYY-MM-DD）
        #[arg(long, default_value = "usual")]
        from: String,
    },
    /// 申請を断ります（理由はメールで伝わります）
    Refuse {
        /// 申請番号
        application: String,
        /// 申請した方に伝える理由
        #[arg(long)]
        reason: String,
    },
}

impl ApplicationCommand {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::List => Asked::get("/registry/applications"),
            Self::Show { application } => Asked::get(&format!("/registry/applications/{application}")),
            Self::Approve { application, from } => {
                Asked::post(&format!("/registry/applications/{application}/approve"), json!({ "from": from }))
            }
            Self::Refuse { application, reason } => {
                Asked::post(&format!("/registry/applications/{application}/refuse"), json!({ "reason": reason }))
            }
        }
    }
}

/// `onshi registry closure …`
#[derive(Subcommand)]
pub(super) enum ClosureCommand {
    /// 閉塞を予告します
    Add {
        /// 何を閉塞するか
        #[arg(long, default_value = "proxy")]
        service: String,
        /// 始まり（日本時間。例: "2026-11-21 01:00"）
        #[arg(long)]
        from: String,
        /// 再開（日本時間）
        #[arg(long)]
        until: String,
        /// 理由
        #[arg(long, default_value = "")]
        reason: String,
    },
    /// これからの閉塞の一覧
    List,
    /// 閉塞を取り消します
    Remove {
        /// 閉塞の番号
        closure: String,
    },
}

impl ClosureCommand {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Add { service, from, until, reason } => {
                Asked::post("/registry/closures", json!({ "service": service, "from": from, "until": until, "reason": reason }))
            }
            Self::List => Asked::get("/registry/closures"),
            Self::Remove { closure } => Asked { method: Method::DELETE, path: format!("/registry/closures/{closure}"), body: None },
        }
    }
}
