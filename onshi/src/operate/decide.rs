//! What operators decide from day to day: applications, certificates, revocations, and the hours in which services are closed.

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

/// `onshi registry trouble …`
#[derive(Subcommand)]
pub(super) enum TroubleCommand {
    /// 障害を知らせます
    Add {
        /// 知らせる文（一行）
        text: String,
        /// 地域（east、west。無ければ全国）
        #[arg(long, value_delimiter = ',', value_name = "REGION")]
        region: Vec<String>,
        /// サービス（例: --service portal,web_api_search。無ければすべて）
        #[arg(long, value_delimiter = ',', value_name = "SERVICE")]
        service: Vec<String>,
        /// どこが直すか: center、carrier（回線の会社）、other
        #[arg(long, default_value = "center")]
        repairer: String,
        /// 始まり（日本時間。例: "2026-11-21 01:00"。無ければ今）
        #[arg(long)]
        from: Option<String>,
        /// 終わり（日本時間。無ければ未定）
        #[arg(long)]
        until: Option<String>,
    },
    /// 終わっていないお知らせの一覧
    List,
    /// お知らせを消します（障害が終わりました）
    Remove {
        /// お知らせの番号
        trouble: String,
    },
}

impl TroubleCommand {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::Add { text, region, service, repairer, from, until } => {
                let body =
                    json!({ "text": text, "regions": region, "services": service, "repairer": repairer, "from": from, "until": until });
                Asked::post("/registry/troubles", body)
            }
            Self::List => Asked::get("/registry/troubles"),
            Self::Remove { trouble } => Asked { method: Method::DELETE, path: format!("/registry/troubles/{trouble}"), body: None },
        }
    }
}

/// `onshi authority application …`
#[derive(Subcommand)]
pub(super) enum CertificateApplicationCommand {
    /// 発行申請の一覧
    List,
    /// 発行申請を承認し、端末ごとの電子証明書発行通知を作ります（もう一度行うと、まだ使われていない通知を表示します）
    Approve {
        /// 申請番号
        application: String,
    },
    /// 発行申請を断ります（理由はメールで伝わります）
    Refuse {
        /// 申請番号
        application: String,
        /// 申請した方に伝える理由
        #[arg(long)]
        reason: String,
    },
}

impl CertificateApplicationCommand {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::List => Asked::get("/authority/applications"),
            Self::Approve { application } => Asked::post(&format!("/authority/applications/{application}/approve"), json!({})),
            Self::Refuse { application, reason } => {
                Asked::post(&format!("/authority/applications/{application}/refuse"), json!({ "reason": reason }))
            }
        }
    }
}

/// `onshi authority revocation …`
#[derive(Subcommand)]
pub(super) enum RevocationCommand {
    /// 失効申請の一覧
    List,
    /// 失効申請を承認し、証明書を失効させます（完了はメールで伝わります）
    Approve {
        /// 受付番号
        request: String,
    },
    /// 失効申請を断り、端末をまた使えるようにします（理由はメールで伝わります）
    Refuse {
        /// 受付番号
        request: String,
        /// 申請した方に伝える理由
        #[arg(long)]
        reason: String,
    },
}

impl RevocationCommand {
    pub(super) fn asked(self) -> Asked {
        match self {
            Self::List => Asked::get("/authority/revocations"),
            Self::Approve { request } => Asked::post(&format!("/authority/revocations/{request}/approve"), json!({})),
            Self::Refuse { request, reason } => {
                Asked::post(&format!("/authority/revocations/{request}/refuse"), json!({ "reason": reason }))
            }
        }
    }
}
