//! The commands around a clinic's certificate: get, list, renew, back up, restore, revoke, delete, and the roots that are trusted.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use chassis::clock::{self, Clock};
use chassis::files;
use clap::{Args, Subcommand, ValueEnum};
use clinic::certificate::{self, EnrolConfig, Enrolled, KeyKind, Protection, Standing};
use clinic::config::Config;
use clinic::roots;
use secrecy::SecretString;

use crate::clinic_side::ConfigArgs;
use crate::output;

/// `onshi clinic certificate …`
#[derive(Subcommand)]
pub(crate) enum CertificateCommand {
    /// 電子証明書発行通知の番号で証明書を取得します
    Get(GetArgs),
    /// この端末の証明書の状態を表示します（終了コード: 0 使える、3 証明書が無い、4 期限切れまたは更新が止まっている）
    List(ListArgs),
    /// いま更新します（ふだんは自動で更新されます）
    Renew(ConfigArgs),
    /// 証明書と鍵の控え（PFX）を取ります。パスワードは環境変数 ONSHI_PFX_PASSWORD で渡します
    Backup(BackupArgs),
    /// 控え（PFX）から証明書と鍵を戻します。パスワードは環境変数 ONSHI_PFX_PASSWORD で渡します
    Restore(RestoreArgs),
    /// この端末の証明書の失効を申請します（端末は、その時から使えなくなります）
    Revoke(RevokeArgs),
    /// この端末から証明書と鍵を消します
    Delete(DeleteArgs),
    /// 信頼するルート証明書を表示します。ファイルを渡すと、指紋を確かめて入れ替えます
    Trust(TrustArgs),
}

#[derive(Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// リクエストID（リファレンスIDは環境変数 ONSHI_REFERENCE_ID で渡します）
    #[arg(long)]
    request_id: String,
    /// 鍵の種類
    #[arg(long, value_enum, default_value_t = Key::P256)]
    key: Key,
    /// すでにある証明書を置き換えます
    #[arg(long)]
    replace: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Key {
    /// 楕円曲線 P-256
    P256,
    /// RSA 2048 ビット
    Rsa2048,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 機械が読む形（JSON）で出力します
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(crate) struct BackupArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 控えのファイル（例: E:\clinic.pfx）
    #[arg(value_name = "FILE")]
    to: PathBuf,
    /// 13 文字以上ではなく、半角数字 4 桁のパスワードにします
    #[arg(long)]
    four_digits: bool,
}

#[derive(Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 控えのファイル
    #[arg(value_name = "FILE")]
    from: PathBuf,
    /// もっと新しい証明書があっても置き換えます
    #[arg(long)]
    replace: bool,
}

#[derive(Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 完了の知らせを受け取るメールアドレス
    #[arg(long)]
    mail: String,
    /// 失効してよいことを、端末の証明書の番号（list で見られます）で確かめます
    #[arg(long, value_name = "SERIAL")]
    serial: String,
}

#[derive(Args)]
pub(crate) struct DeleteArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// 消してよいことを、端末の証明書の番号（list で見られます）で確かめます
    #[arg(long, value_name = "SERIAL")]
    serial: String,
}

#[derive(Args)]
pub(crate) struct TrustArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// センターから受け取ったルート証明書（PEM）
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

/// `onshi clinic certificate`
pub(crate) async fn run(command: CertificateCommand) -> anyhow::Result<ExitCode> {
    let clock = Clock::system();
    match command {
        CertificateCommand::Get(get) => fetch(get).await,
        CertificateCommand::List(args) => list(&args, &clock),
        CertificateCommand::Renew(config) => {
            let standing = certificate::renew_now(&Config::load(&config.config)?, clock).await?;
            say!("{}", output::pairs(rows(&standing)));
            Ok(ExitCode::SUCCESS)
        }
        CertificateCommand::Backup(args) => {
            let protection = if args.four_digits { Protection::FourDigits } else { Protection::Strong };
            certificate::backup(&Config::load(&args.config.config)?, &args.to, &password()?, protection)?;
            say!("控えを取りました: {}（パスワードとともに、厳重に保管してください）", args.to.display());
            Ok(ExitCode::SUCCESS)
        }
        CertificateCommand::Restore(args) => {
            let config = Config::load(&args.config.config)?;
            say_enrolled(certificate::restore(&config, &args.from, &password()?, args.replace, clock.now())?);
            Ok(ExitCode::SUCCESS)
        }
        CertificateCommand::Revoke(args) => {
            let config = confirmed(&args.config, &args.serial, &clock)?;
            let number = certificate::revoke(&config, &args.mail).await?;
            say!("失効の申請を受け付けました（番号 {number}）。この端末は、もう使えません。完了は {} に知らせます。", args.mail);
            Ok(ExitCode::SUCCESS)
        }
        CertificateCommand::Delete(args) => {
            certificate::delete(&confirmed(&args.config, &args.serial, &clock)?)?;
            say!("証明書と鍵を消しました。");
            Ok(ExitCode::SUCCESS)
        }
        CertificateCommand::Trust(args) => trust(&args),
    }
}

async fn fetch(args: GetArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config.config)?;
    let reference = std::env::var("ONSHI_REFERENCE_ID")
        .map_err(|_| anyhow::anyhow!("リファレンスIDを環境変数 ONSHI_REFERENCE_ID に入れてください（画面や履歴に残さないためです）。"))?;
    let wanted = EnrolConfig {
        center: config.center,
        request_id: args.request_id,
        reference_id: reference.into(),
        key_kind: match args.key {
            Key::P256 => KeyKind::P256,
            Key::Rsa2048 => KeyKind::Rsa2048,
        },
        replace: args.replace,
    };
    say_enrolled(certificate::enrol(&wanted).await?);
    Ok(ExitCode::SUCCESS)
}

fn say_enrolled(enrolled: Enrolled) {
    let rows = [
        ("証明書", enrolled.certificate.display().to_string()),
        ("鍵", enrolled.key.display().to_string()),
        ("指紋 (SHA-256)", enrolled.fingerprint),
        ("有効期限", clock::japan_date(enrolled.not_after).to_string()),
    ];
    say!("{}", output::pairs(rows));
}

fn password() -> anyhow::Result<SecretString> {
    let given = std::env::var("ONSHI_PFX_PASSWORD");
    Ok(given
        .map_err(|_| anyhow::anyhow!("パスワードを環境変数 ONSHI_PFX_PASSWORD に入れてください（画面や履歴に残さないためです）。"))?
        .into())
}

/// Whoever revokes or deletes has looked at what it is.
fn confirmed(args: &ConfigArgs, serial: &str, clock: &Clock) -> anyhow::Result<Config> {
    let config = Config::load(&args.config)?;
    let held = certificate::standing(&config, clock.now())?.leaf.held.serial;
    if !held.eq_ignore_ascii_case(serial.trim()) {
        bail!("この端末の証明書の番号は {held} です。指定された番号と違うので、何もしませんでした。");
    }
    Ok(config)
}

fn list(args: &ListArgs, clock: &Clock) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config.config)?;
    let now = clock.now();
    let standing = match certificate::standing(&config, now) {
        Ok(standing) => standing,
        Err(certificate::KeepError::None) => {
            say!("{}", if args.json { "null".to_owned() } else { certificate::KeepError::None.to_string() });
            return Ok(ExitCode::from(3));
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        say!("{}", serde_json::to_string_pretty(&machine_form(&standing))?);
    } else {
        say!("{}", output::pairs(rows(&standing)));
    }
    let usable = standing.leaf.held.until > now && !standing.notes.ended;
    Ok(if usable { ExitCode::SUCCESS } else { ExitCode::from(4) })
}

fn rows(standing: &Standing) -> Vec<(&'static str, String)> {
    let (held, notes) = (&standing.leaf.held, &standing.notes);
    let moment = |at| clock::japan(at).strftime("%Y-%m-%d %H:%M").to_string();
    let mut rows = vec![
        ("番号", held.serial.clone()),
        ("サブジェクト", standing.leaf.subject.clone()),
        ("発行者", standing.leaf.issuer.clone()),
        ("有効期間", format!("{} ～ {}", moment(held.from), moment(held.until))),
        ("残り日数", standing.days_left.to_string()),
        ("指紋 (SHA-256)", standing.leaf.fingerprint.clone()),
    ];
    let renewal =
        if notes.ended { "止めています（下の注意を見てください）".to_owned() } else { moment(standing.renewal) };
    rows.push(("自動更新の予定", renewal));
    if let Some(coming) = &standing.coming {
        rows.push(("更新後の証明書", format!("{coming}（使えることを確かめてから入れ替えます）")));
    }
    if standing.leftover {
        rows.push(("更新前の証明書", "新しい証明書が使えることを確かめてから消します".to_owned()));
    }
    rows.extend(notes.troubles.values().map(|trouble| ("注意", format!("{}（{} から）", trouble.text, moment(trouble.since)))));
    if !notes.letters.is_empty() {
        rows.push(("送れていないメール", notes.letters.len().to_string()));
    }
    rows
}

fn machine_form(standing: &Standing) -> serde_json::Value {
    let (held, notes) = (&standing.leaf.held, &standing.notes);
    serde_json::json!({
        "serial": held.serial,
        "subject": standing.leaf.subject,
        "issuer": standing.leaf.issuer,
        "from": held.from,
        "until": held.until,
        "days_left": standing.days_left,
        "fingerprint": standing.leaf.fingerprint,
        "renewal": standing.renewal,
        "ended": notes.ended,
        "coming": standing.coming,
        "leftover": standing.leftover,
        "troubles": notes.troubles,
        "letters_waiting": notes.letters.len(),
    })
}

fn trust(args: &TrustArgs) -> anyhow::Result<ExitCode> {
    let config = Config::load(&args.config.config)?;
    let center = &config.center;
    if let Some(file) = &args.file {
        // Only what the paper vouches for comes into its place.
        let pem = roots::trusted(file, &center.root_fingerprints)?;
        files::write_whole(&center.roots, &pem).with_context(|| format!("{} を書けません", center.roots.display()))?;
    }
    let pem = std::fs::read(&center.roots).with_context(|| format!("{} を読めません", center.roots.display()))?;
    for root in roots::list(&pem, &center.root_fingerprints) {
        let rows = [
            ("ルート証明書", root.name),
            ("指紋 (SHA-256)", root.fingerprint),
            ("有効期限", clock::japan_date(root.until).to_string()),
            ("設定にある指紋か", if root.pinned { "はい" } else { "いいえ（使いません）" }.to_owned()),
        ];
        say!("{}", output::pairs(rows));
    }
    roots::trusted(&center.roots, &center.root_fingerprints)?;
    Ok(ExitCode::SUCCESS)
}
