//! Queues that keep an order.

use crate::plugin::plugin;
use aws_sdk_sqs::types::QueueAttributeName;
use restock_operator::edge::aws;
use restock_operator::edge::sqs::Queue;
use restock_operator::process::install_tls;
use std::time::Duration;

/// More than a FIFO queue shows of one group.
const LETTERS: usize = 12;

async fn create(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let name = format!("restock-test-fifo-{}-{name}.fifo", std::process::id());
    let create = client.create_queue().queue_name(name);
    let create = create.attributes(QueueAttributeName::FifoQueue, "true");
    create.send().await.unwrap().queue_url.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_goes_back_into_its_group_and_what_is_behind_it_is_told() {
    install_tls();
    let config = aws::config().await.unwrap();
    let client = aws_sdk_sqs::Client::new(&config);
    let dead = create(&client, "dead").await;
    let stock = create(&client, "stock").await;
    let mut ids = Vec::new();
    for number in 0..LETTERS {
        let send = client.send_message().queue_url(&dead).message_body("junk");
        let send = send.message_group_id("donuts");
        let send = send.message_deduplication_id(number.to_string());
        ids.push(send.send().await.unwrap().message_id.unwrap());
    }
    let urls = ["--dlq-url", &dead, "--queue-url", &stock];
    let arguments = [&["dlq", "redrive", &ids[0], "--yes"], &urls[..]].concat();
    let said = plugin(&arguments, "", &[]);
    assert_eq!(said.code, 0, "{said:?}");
    let behind = "looked at 10 of about 12 dead letters\nA FIFO queue shows the first ten";
    assert!(said.out.contains(behind), "{said:?}");
    assert!(
        said.out.contains("1 of 1 dead letter sent back"),
        "{said:?}"
    );

    let receive = client.receive_message().queue_url(&stock);
    let receive = receive.message_system_attribute_names("All".into());
    let received = receive.send().await.unwrap().messages.unwrap();
    let group = received[0].attributes.as_ref().unwrap();
    assert_eq!(group[&"MessageGroupId".into()], "donuts");
    let left = Queue::new(&config, &dead);
    let left = left
        .receive(10, Duration::from_secs(1), None)
        .await
        .unwrap();
    assert_eq!(left[0].message_id, ids[1], "in its order");
    for url in [dead, stock] {
        client.delete_queue().queue_url(url).send().await.unwrap();
    }
}
