//! Answers what is asked of a member over NATS.

use async_nats::Message;
use futures_util::StreamExt;
use tokio::sync::watch;

use super::checked::Checked;
use super::current_member::CurrentMember;
use super::member_info::{Identity, MemberInfo};
use super::members::{StepDown, members_subject, step_down_subject};
use crate::storage::replicated::cluster_name::ClusterName;
use crate::storage::replicated::nats::{NatsClient, NatsError};

/// Answers what is asked of this member.
#[derive(Debug)]
pub struct Answering {
    pub client: NatsClient,
    pub cluster: ClusterName,
    pub identity: Identity,
    pub current: watch::Receiver<CurrentMember>,
    pub checked: watch::Receiver<Checked>,
}

impl Answering {
    /// Answers until the connection is closed for good.
    pub async fn run(self) {
        if let Err(error) = self.answer_all().await {
            tracing::error!("this server answers no `booklined cluster status`: {error}");
        }
    }

    async fn answer_all(&self) -> Result<(), NatsError> {
        let mut of_members = self.client.subscribe(&members_subject(&self.cluster)).await?;
        let mut of_step_down = self.client.subscribe(&step_down_subject(&self.cluster)).await?;
        loop {
            tokio::select! {
                Some(asked) = of_members.next() => self.answer(asked).await,
                Some(asked) = of_step_down.next() => self.step_down(asked).await,
                else => return Ok(()),
            }
        }
    }

    fn info(&self) -> MemberInfo {
        MemberInfo::of(&self.identity, &self.current.borrow(), &self.checked.borrow())
    }

    async fn answer(&self, asked: Message) {
        if let Some(inbox) = asked.reply {
            let info = serde_json::to_vec(&self.info()).expect("texts and numbers are written as JSON");
            self.client.answer(inbox, info).await;
        }
    }

    /// Resigns, if this is the member that is meant, and leads in the term that is meant.
    async fn step_down(&self, asked: Message) {
        let Ok(step_down) = serde_json::from_slice::<StepDown>(&asked.payload) else { return };
        let info = self.info();
        if !info.leads() || (&info.instance, info.term) != (&step_down.instance, step_down.term) {
            return;
        }
        tracing::info!(term = info.term, "this server is asked to let another one lead");
        self.current.borrow().log.resign();
        if let Some(inbox) = asked.reply {
            self.client.answer(inbox, b"{}".to_vec()).await;
        }
    }
}
