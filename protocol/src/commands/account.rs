//! ACCOUNT. The rows of ACCOUNT LIST are [`AccountReply`]s.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::arguments::{Args, UnusableWords};
use super::auth::AccountReply;
use super::command::Command;
use super::form::{CommandForm, Topic};
use super::line_writer::{LineWriter, Value};
use crate::id::Id;
use crate::needs::Needs;
use crate::parse::quote::Quoted;
use crate::refusal::Refusal;
use crate::role::Role;
use crate::secret::Secret;

/// Adds, changes, drops or lists accounts. None takes a key: a stored reply would hold a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account<'a> {
    /// `ACCOUNT ADD`: add an account.
    Add {
        /// Its name, which no other account has.
        name: Id<'a>,
        /// Its role.
        role: Role,
        /// The person whose calendar is its own.
        person: Option<Id<'a>>,
        /// Its secret.
        secret: NewSecret<'a>,
    },
    /// `ACCOUNT SET`: change an account.
    Set {
        /// The account.
        name: Id<'a>,
        /// Its new role.
        role: Option<Role>,
        /// The person whose calendar becomes its own; `Some(None)` for none.
        person: Option<Option<Id<'a>>>,
        /// Its new secret.
        secret: Option<NewSecret<'a>>,
    },
    /// `ACCOUNT DROP`: drop an account, and close its connections.
    Drop {
        /// The account.
        name: Id<'a>,
    },
    /// `ACCOUNT LIST`: list the accounts by name.
    List,
}

/// The secret that an account gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewSecret<'a> {
    /// A token that the server makes, and shows once in the reply.
    MadeByServer,
    /// A secret of the requester's choice.
    Given(Secret<'a>),
}

const ADD: CommandForm = CommandForm {
    usage: "ACCOUNT ADD <name> role=<role> [person=<id>] [secret=<secret>]",
    help: "adds an account, and shows the token that it gets unless secret= gives it a password",
    topic: Topic::Server,
    needs: Needs::Role(Role::Admin),
    example: "ACCOUNT ADD kiosk role=seller",
};

const SET: CommandForm = CommandForm {
    usage: "ACCOUNT SET <name> [role=<role>] [person=<id>] [secret=<secret>]",
    help: "changes an account; an empty person= takes its person away, an empty secret= makes a new token",
    topic: Topic::Server,
    needs: Needs::Role(Role::Admin),
    example: "ACCOUNT SET kiosk role=door",
};

const DROP: CommandForm = CommandForm {
    usage: "ACCOUNT DROP <name>",
    help: "drops an account and closes its connections",
    topic: Topic::Server,
    needs: Needs::Role(Role::Admin),
    example: "ACCOUNT DROP kiosk",
};

const LIST: CommandForm = CommandForm {
    usage: "ACCOUNT LIST",
    help: "lists the accounts by name",
    topic: Topic::Server,
    needs: Needs::Role(Role::Admin),
    example: "ACCOUNT LIST",
};

impl<'a> Command<'a> for Account<'a> {
    const FORMS: &'static [CommandForm] = &[ADD, SET, DROP, LIST];

    fn changes(&self) -> bool {
        !matches!(self, Self::List)
    }

    fn needs(&self) -> Needs {
        match self {
            Self::Add { .. } => ADD.needs,
            Self::Set { .. } => SET.needs,
            Self::Drop { .. } => DROP.needs,
            Self::List => LIST.needs,
        }
    }

    fn parse(args: &mut Args<'a>) -> Result<Self, Refusal> {
        args.hide_words(|args| {
            let word = args.next_hidden_word("ADD, SET, DROP or LIST")?;
            let request = match word.to_ascii_uppercase().as_str() {
                "ADD" => Self::parse_add(args)?,
                "SET" => Self::parse_set(args)?,
                "DROP" => {
                    args.set_form(&DROP);
                    Self::Drop { name: args.next_hidden_id("name")? }
                }
                "LIST" => {
                    args.set_form(&LIST);
                    Self::List
                }
                _ => return Err(UnusableWords::Hidden),
            };
            args.finish()?;
            Ok(request)
        })
    }

    fn write_arguments(&self, line: &mut LineWriter<'_>) {
        match self {
            Self::Add { name, role, person, secret } => {
                line.argument("ADD");
                line.argument(name);
                line.option("role", Some(role));
                line.option("person", person.as_ref());
                line.option("secret", Some(secret).filter(|secret| **secret != NewSecret::MadeByServer));
            }
            Self::Set { name, role, person, secret } => {
                line.argument("SET");
                line.argument(name);
                line.option("role", role.as_ref());
                line.option("person", person.as_ref().map(|person| person.as_ref().map_or("", Id::as_str)));
                line.option("secret", secret.as_ref());
            }
            Self::Drop { name } => {
                line.argument("DROP");
                line.argument(name);
            }
            Self::List => line.argument("LIST"),
        }
    }
}

impl<'a> Account<'a> {
    fn parse_add(args: &mut Args<'a>) -> Result<Self, UnusableWords> {
        args.set_form(&ADD);
        let name = args.next_hidden_id("name")?;
        let role = option_role(args)?;
        let role = role.ok_or_else(|| UnusableWords::Named("role= is missing".to_owned()))?;
        let person = args.option_id("person")?;
        let secret = option_secret(args)?.unwrap_or(NewSecret::MadeByServer);
        Ok(Self::Add { name, role, person, secret })
    }

    fn parse_set(args: &mut Args<'a>) -> Result<Self, UnusableWords> {
        args.set_form(&SET);
        let name = args.next_hidden_id("name")?;
        let role = option_role(args)?;
        let person = args.option("person")?;
        let person = person.map(|id| (!id.is_empty()).then(|| Id::new(id)).transpose()).transpose();
        let person = person.map_err(|_| UnusableWords::Hidden)?;
        let secret = option_secret(args)?;
        if role.is_none() && person.is_none() && secret.is_none() {
            return Err(UnusableWords::Named("nothing is set".to_owned()));
        }
        Ok(Self::Set { name, role, person, secret })
    }
}

fn option_role(args: &mut Args<'_>) -> Result<Option<Role>, UnusableWords> {
    let role = args.option("role")?.map(|word| word.parse::<Role>()).transpose();
    role.map_err(|error| UnusableWords::Named(format!("role= {error}")))
}

fn option_secret<'a>(args: &mut Args<'a>) -> Result<Option<NewSecret<'a>>, UnusableWords> {
    match args.option("secret")? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(Some(NewSecret::MadeByServer)),
        Some(text) => match Secret::new(text) {
            Ok(secret) => Ok(Some(NewSecret::Given(secret))),
            Err(error) => Err(UnusableWords::Named(format!("secret= {error}"))),
        },
    }
}

impl Value for NewSecret<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::MadeByServer => Quoted("").write(out),
            Self::Given(secret) => Quoted(secret.expose()).write(out),
        }
    }
}

/// The reply to ACCOUNT ADD and ACCOUNT SET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedAccountReply<'a> {
    /// The account after the change.
    #[serde(borrow, flatten)]
    pub account: AccountReply<'a>,
    /// The token that the server has made. It is shown in this reply only.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Cow<'a, str>>,
}

/// The reply to ACCOUNT DROP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedAccountReply<'a> {
    /// The account.
    #[serde(borrow)]
    pub dropped: Cow<'a, str>,
}
