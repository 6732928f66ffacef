//! A service that keeps words in a DynamoDB table.

use lift::dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use lift::prelude::*;

/// The table.
#[derive(Clone, Resource)]
#[resource(name = "words", health(timeout = "2s"))]
pub struct Words(lift::dynamodb::Client);

/// Makes the table.
#[lift::handler(POST, "/table")]
async fn make(words: Shared<Words>) -> lift::Result<()> {
    words
        .create_table()
        .table_name(words.table())
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(KeySchemaElement::builder().attribute_name("word").key_type(KeyType::Hash).build()?)
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name("word")
                .attribute_type(ScalarAttributeType::S)
                .build()?,
        )
        .send()
        .await?;
    Ok(())
}

/// Counts a word, and answers how often it was counted.
#[lift::handler(POST, "/words/{word}")]
async fn count(word: String, words: Shared<Words>) -> lift::Result<String> {
    let counted = words
        .update_item()
        .table_name(words.table())
        .key("word", AttributeValue::S(word))
        .update_expression("ADD times :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .return_values(lift::dynamodb::types::ReturnValue::UpdatedNew)
        .send()
        .await?;
    let times = counted.attributes().and_then(|item| item.get("times")?.as_n().ok());
    Ok(times.cloned().unwrap_or_default())
}

#[lift::main]
async fn main() -> lift::Result<()> {
    App::new("table").handlers(lift::handlers![make, count]).run().await
}
