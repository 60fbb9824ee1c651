//! Who may change what a cluster has in NATS, as with the program `nats`.

use async_nats::jetstream::Context;
use async_nats::jetstream::object_store::{self, ObjectInfo, ObjectMetadata};
use async_nats::jetstream::stream::Config;
use bookline_testkit::nats::Nats;
use futures_util::TryStreamExt;
use tokio::io::AsyncReadExt;
use tokio::runtime::Runtime;

use crate::nats_stream::administrator;

const STREAM: &str = "BOOKLINE-sales";
const SUBJECT: &str = "bookline.sales.log";
const BUCKET: &str = "BOOKLINE-sales-snapshots";

pub struct Administrator {
    runtime: Runtime,
    context: Context,
}

impl Administrator {
    pub fn of(nats: &Nats) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let context = runtime.block_on(administrator(nats));
        Self { runtime, context }
    }

    pub fn edit(&self, change: impl FnOnce(&mut Config)) {
        let mut config = self.config();
        change(&mut config);
        self.runtime.block_on(self.context.update_stream(config)).expect("it may be changed");
    }

    /// Deletes the stream.
    pub fn delete(&self) {
        self.runtime.block_on(self.context.delete_stream(STREAM)).expect("it exists");
    }

    /// Deletes the stream, and makes another one like it.
    pub fn make_again(&self) {
        let config = self.config();
        self.delete();
        self.runtime.block_on(self.context.create_stream(config)).expect("it is free");
    }

    fn config(&self) -> Config {
        let stream = self.runtime.block_on(self.context.get_stream(STREAM)).expect("the stream");
        stream.cached_info().config.clone()
    }

    /// The first message that is left.
    pub fn first_message(&self) -> u64 {
        let stream = self.runtime.block_on(self.context.get_stream(STREAM)).expect("the stream");
        stream.cached_info().state.first_sequence
    }

    /// Removes the messages before this one.
    pub fn purge_before(&self, message: u64) {
        self.runtime.block_on(async {
            let stream = self.context.get_stream(STREAM).await.expect("the stream");
            stream.purge().sequence(message).await.expect("it is allowed");
        });
    }

    /// Appends something to the log, and returns its message.
    pub fn append(&self, bytes: &'static str) -> u64 {
        self.runtime.block_on(async {
            let published = self.context.publish(SUBJECT, bytes.into()).await.expect("it is sent");
            published.await.expect("it is stored").sequence
        })
    }

    /// What is in the bucket: the names and the metadata of the objects, and their contents.
    pub fn objects(&self) -> Vec<(ObjectMetadata, Vec<u8>)> {
        self.runtime.block_on(async {
            let bucket = self.context.get_object_store(BUCKET).await.expect("the bucket");
            let list = bucket.list().await.expect("a list").try_collect::<Vec<_>>();
            let mut objects = Vec::new();
            for ObjectInfo { name, metadata, .. } in list.await.expect("a list") {
                let mut content = Vec::new();
                let mut object = bucket.get(&name).await.expect("it is there");
                object.read_to_end(&mut content).await.expect("it is read");
                objects.push((ObjectMetadata { name, metadata, ..ObjectMetadata::default() }, content));
            }
            objects
        })
    }

    /// Puts these objects into the bucket, which is made if it does not exist.
    pub fn put(&self, objects: &[(ObjectMetadata, Vec<u8>)]) {
        self.runtime.block_on(async {
            let config = object_store::Config { bucket: BUCKET.to_owned(), ..Default::default() };
            let bucket = match self.context.get_object_store(BUCKET).await {
                Ok(bucket) => bucket,
                Err(_) => self.context.create_object_store(config).await.expect("it is made"),
            };
            for (metadata, content) in objects {
                bucket.put(metadata.clone(), &mut &content[..]).await.expect("it is stored");
            }
        });
    }

    pub fn delete_bucket(&self) {
        self.runtime.block_on(self.context.delete_object_store(BUCKET)).expect("it exists");
    }
}
