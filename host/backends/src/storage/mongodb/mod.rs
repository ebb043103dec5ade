//! MongoDB: the store that many hosts share, through the official driver.
//!
//! It depends on nothing that a small or old server lacks: no transactions, change streams or array filters. A write is
//! acknowledged by the majority of the servers, and from their journal, unless the address says otherwise. The password
//! in the address is in no message.

mod bson;
mod fault;

use std::future::{Future, IntoFuture};

use async_trait::async_trait;
use flowguard_core::limits::STORE_CALL_TIMEOUT;
use flowguard_core::storage::collections::COLLECTIONS;
use flowguard_core::storage::store::{Collection, Document, Index, Order, Query, Store, Total};
use flowguard_core::storage::{StorageError, TenantId};
use futures::TryStreamExt;
use mongodb::bson::{Document as Bson, doc};
use mongodb::options::{Acknowledgment, ClientOptions, IndexOptions, WriteConcern};
use mongodb::{Client, Database, IndexModel};
use std::time::Duration;

use fault::Told;

/// How long a server that can be written to is looked for.
const SELECTION: Duration = Duration::from_secs(5);
/// Where the version of the whole store is.
const META: &str = "meta";
/// The version of the store that this program reads and writes.
const SCHEMA: u32 = 1;

/// Documents in a MongoDB database.
#[derive(Debug)]
pub struct MongoStore {
    database: Database,
    told: Told,
    /// What this server cannot do, and what follows from it.
    degraded: Vec<String>,
}

impl MongoStore {
    /// Connects, checks that the store is none of a newer release, and makes the indexes. `uri` is an address as
    /// MongoDB's own tools take it.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where no server answers or refuses us, [`StorageError::Newer`] where a newer
    /// FlowGuard made the store.
    pub async fn connect(uri: &str, database: &str) -> Result<Self, StorageError> {
        let told = Told::about(uri, database);
        let mut options = ClientOptions::parse(uri)
            .await
            .map_err(|error| told.fault(&error))?;
        options.app_name.get_or_insert_with(|| "flowguard".to_owned());
        options.server_selection_timeout.get_or_insert(SELECTION);
        options.connect_timeout.get_or_insert(SELECTION);
        options.write_concern.get_or_insert_with(|| {
            WriteConcern::builder()
                .w(Acknowledgment::Majority)
                .journal(true)
                .build()
        });
        let client = Client::with_options(options).map_err(|error| told.fault(&error))?;
        let mut store = Self {
            database: client.database(database),
            told,
            degraded: Vec::new(),
        };
        store.check_version().await?;
        store.make_indexes().await?;
        Ok(store)
    }

    /// What this server cannot do, and what follows from it; each a sentence.
    #[must_use]
    pub fn degraded(&self) -> &[String] {
        &self.degraded
    }

    /// Asks the server whether it is there.
    ///
    /// # Errors
    /// [`StorageError::Unavailable`] where it does not answer.
    pub async fn ping(&self) -> Result<(), StorageError> {
        self.call(self.database.run_command(doc! { "ping": 1 })).await?;
        Ok(())
    }

    async fn check_version(&self) -> Result<(), StorageError> {
        let meta = self.database.collection::<Bson>(META);
        let found = self.call(meta.find_one(doc! { "_id": "schema" })).await?;
        let Some(found) = found else {
            let made = meta.insert_one(doc! { "_id": "schema", "version": i64::from(SCHEMA) });
            return self.unless_taken(made).await.map(|_| ());
        };
        let version = bson::number(&found, "version").unwrap_or_default();
        match u32::try_from(version).unwrap_or(u32::MAX) {
            version if version > SCHEMA => Err(StorageError::Newer {
                what: format!("the store {}", self.place()),
                found: version,
                known: SCHEMA,
            }),
            _ => Ok(()),
        }
    }

    async fn make_indexes(&mut self) -> Result<(), StorageError> {
        for collection in COLLECTIONS {
            let ends = IndexOptions::builder()
                .name(format!("{}_by_expiry", collection.name))
                .expire_after(Duration::ZERO)
                .build();
            let ends = IndexModel::builder()
                .keys(doc! { "expires": 1 })
                .options(ends)
                .build();
            let consequence = "what has expired is removed by FlowGuard's own sweep only";
            self.make_index(collection, ends, consequence).await?;
            for index in collection.indexes {
                let consequence = match index.unique {
                    true => "two documents may come to have the same values",
                    false => "looking for them reads all documents of a tenant",
                };
                self.make_index(collection, model(index), consequence).await?;
            }
        }
        Ok(())
    }

    async fn make_index(
        &mut self,
        collection: &Collection,
        index: IndexModel,
        consequence: &str,
    ) -> Result<(), StorageError> {
        let target = self.database.collection::<Bson>(collection.name);
        let made = tokio::time::timeout(STORE_CALL_TIMEOUT, target.create_index(index).into_future()).await;
        match made {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if fault::is_refusal(&error) => {
                let why = self.told.scrubbed(&error.to_string());
                let degraded = format!(
                    "an index of {} was refused, so that {consequence}: {why}",
                    collection.name
                );
                tracing::warn!(store = %self.place(), "{degraded}");
                self.degraded.push(degraded);
                Ok(())
            }
            Ok(Err(error)) => Err(self.told.fault(&error)),
            Err(_) => Err(self.told.late()),
        }
    }

    fn of(&self, collection: &Collection) -> mongodb::Collection<Bson> {
        self.database.collection(collection.name)
    }

    /// Waits for the server, and not for ever.
    async fn call<T>(
        &self,
        work: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<T, StorageError> {
        match tokio::time::timeout(STORE_CALL_TIMEOUT, work.into_future()).await {
            Ok(done) => done.map_err(|error| self.told.fault(&error)),
            Err(_) => Err(self.told.late()),
        }
    }

    /// As [`MongoStore::call`]; `None` where the values of a unique index are taken.
    async fn unless_taken<T>(
        &self,
        work: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<Option<T>, StorageError> {
        let done = self.call(async {
            match work.into_future().await {
                Err(error) if fault::is_taken(&error) => Ok(None),
                done => done.map(Some),
            }
        });
        done.await
    }

    /// Removes those that have expired and stand in the way of this one; whether there were any.
    async fn clear_the_way(
        &self,
        tenant: &TenantId,
        collection: &Collection,
        document: &Bson,
        now_ms: u64,
    ) -> Result<bool, StorageError> {
        let mut collides = vec![doc! { "_id": document.get("_id") }];
        for index in collection.indexes.iter().filter(|index| index.unique) {
            collides.push(
                index
                    .fields
                    .iter()
                    .map(|field| ((*field).to_owned(), document.get(field).into()))
                    .collect(),
            );
        }
        let expired = doc! {
            "tenant": tenant.as_str(),
            "expires": { "$lte": bson::moment(now_ms) },
            "$or": collides,
        };
        let removed = self.call(self.of(collection).delete_many(expired)).await?;
        Ok(removed.deleted_count > 0)
    }
}

fn model(index: &Index) -> IndexModel {
    let mut keys = doc! { "tenant": 1 };
    for field in index.fields {
        keys.insert(*field, 1);
    }
    if !index.unique {
        keys.insert("id", 1);
    }
    let options = IndexOptions::builder()
        .name(index.name.to_owned())
        .unique(index.unique)
        .build();
    IndexModel::builder().keys(keys).options(options).build()
}

/// Runs to its end what one call of the port is made of.
async fn collected(
    find: impl Future<Output = mongodb::error::Result<mongodb::Cursor<Bson>>>,
) -> mongodb::error::Result<Vec<Bson>> {
    find.await?.try_collect().await
}

#[async_trait]
impl Store for MongoStore {
    async fn insert(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        document: Document,
        now_ms: u64,
    ) -> Result<bool, StorageError> {
        let document = bson::write(tenant, collection, document, 1)?;
        let target = self.of(collection);
        if self.unless_taken(target.insert_one(&document)).await?.is_some() {
            return Ok(true);
        }
        if !self.clear_the_way(tenant, collection, &document, now_ms).await? {
            return Ok(false);
        }
        Ok(self.unless_taken(target.insert_one(&document)).await?.is_some())
    }

    async fn get(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        now_ms: u64,
    ) -> Result<Option<Document>, StorageError> {
        let found = self
            .call(self.of(collection).find_one(bson::named(tenant, id)))
            .await?;
        let document = found.map(|found| bson::read(collection, found)).transpose()?;
        let is_there = |document: &Document| {
            document
                .expires_ms
                .is_none_or(|expires| bson::end_of_time(now_ms) < expires)
        };
        Ok(document.filter(is_there))
    }

    async fn replace(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        document: Document,
    ) -> Result<bool, StorageError> {
        let revision = document.revision;
        let which = bson::at_revision(tenant, &document.id, revision);
        let document = bson::write(tenant, collection, document, revision.saturating_add(1))?;
        let replaced = self
            .unless_taken(self.of(collection).replace_one(which, document))
            .await?;
        Ok(replaced.is_some_and(|replaced| replaced.matched_count > 0))
    }

    async fn remove(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        id: &str,
        revision: u64,
    ) -> Result<bool, StorageError> {
        let which = bson::at_revision(tenant, id, revision);
        let removed = self.call(self.of(collection).delete_one(which)).await?;
        Ok(removed.deleted_count > 0)
    }

    async fn find(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        query: Query<'_>,
    ) -> Result<Vec<Document>, StorageError> {
        // For MongoDB no limit is 0.
        if query.limit == 0 {
            return Ok(Vec::new());
        }
        let (by, direction) = match query.order {
            Order::Ascending(by) => (by, 1),
            Order::Descending(by) => (by, -1),
        };
        let mut order = doc! { by: direction };
        order.insert("id", direction);
        let mut wanted = bson::wanted(tenant, query.now_ms, &query.equal);
        if let Some(between) = &query.between {
            bson::bound(&mut wanted, collection, between);
        }
        let target = self.of(collection);
        let mut find = target.find(wanted).sort(order).limit(i64::from(query.limit));
        if !query.sealed {
            find = find.projection(doc! { "sealed": 0 });
        }
        let found = self.call(collected(find.into_future())).await?;
        found
            .into_iter()
            .map(|found| bson::read(collection, found))
            .collect()
    }

    async fn total(
        &self,
        tenant: &TenantId,
        collection: &'static Collection,
        equal: &[(&'static str, &str)],
        summed: &'static str,
        now_ms: u64,
    ) -> Result<Total, StorageError> {
        // Summed up here: not every server that speaks MongoDB's protocol sums up what it should.
        let target = self.of(collection);
        let find = target
            .find(bson::wanted(tenant, now_ms, equal))
            .projection(doc! { "_id": 0, summed: 1 });
        let found = self.call(collected(find.into_future())).await?;
        Ok(Total {
            documents: found.len() as u64,
            sum: found.iter().filter_map(|found| bson::number(found, summed)).sum(),
        })
    }

    async fn sweep(&self, now_ms: u64) -> Result<u64, StorageError> {
        let mut swept = 0;
        for collection in COLLECTIONS {
            let expired = doc! { "expires": { "$lte": bson::moment(now_ms) } };
            swept += self
                .call(self.of(collection).delete_many(expired))
                .await?
                .deleted_count;
        }
        Ok(swept)
    }

    async fn tenants(&self) -> Result<Vec<TenantId>, StorageError> {
        let mut tenants = Vec::new();
        for collection in COLLECTIONS {
            let names = self.call(self.of(collection).distinct("tenant", doc! {})).await?;
            let named = names.iter().filter_map(|name| TenantId::parse(name.as_str()?));
            tenants.extend(named);
        }
        tenants.sort();
        tenants.dedup();
        Ok(tenants)
    }

    fn place(&self) -> String {
        self.told.place().to_owned()
    }
}
