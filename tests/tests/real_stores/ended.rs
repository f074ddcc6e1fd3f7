//! What ends at one instance closes what is open at every other one.

use std::time::Duration;

use landfall_testkit::{Delivery, TestBed};
use landfall_tests::BASE_URL;
use landfall_tests::wire::Wire;

use crate::on_every_engine;
use crate::revocation::{keeps_a_copy, long_copies};
use crate::site::Site;

const SECOND: Duration = Duration::from_secs(1);

/// Closes within this span, with the reason of somebody who only heard that the session is gone.
async fn closes_within(span: Duration, mut open: Wire) {
    let piece = tokio::time::timeout(span, open.piece()).await.expect("it closes in time");
    assert_eq!(piece.unwrap().as_deref(), Some(&b"Elsewhere"[..]));
    assert_eq!(open.piece().await.unwrap(), None);
}

/// Lets the provider post its logout tokens to the first instance.
fn with_back_channel(site: &Site) {
    site.world.provider.route(BASE_URL, site.world.address).unwrap();
    let uri = format!("{BASE_URL}/auth/backchannel-logout");
    site.world.provider.change_client(TestBed::CLIENT_ID, |client| client.backchannel_logout_uri(uri));
}

on_every_engine! {
    read;

    async fn a_back_channel_logout_at_one_instance_closes_what_is_open_at_the_other_within_a_second(framework, kind) {
        let site = Site::new(framework, kind, long_copies).await;
        with_back_channel(&site);
        let (second, _network) = site.instance(long_copies).await;
        for _ in 0..3 {
            let visitor = site.sign_in().await;
            keeps_a_copy(&second, &visitor).await;
            let open = second.open("/live", &visitor).await;
            let deliveries = site.world.provider.sign_out_everywhere("ada").await;
            assert!(!deliveries.is_empty() && deliveries.iter().all(Delivery::is_accepted), "{deliveries:?}");
            closes_within(SECOND, open).await;
            // A token ends what began in its own second.
            site.world.wait(2 * SECOND);
        }
    }

    async fn what_ended_while_the_channel_was_away_closes_what_is_open_once_it_is_back(framework, kind) {
        let site = Site::new(framework, kind, long_copies).await;
        let (second, network) = site.instance(long_copies).await;
        let (visitor, other) = (site.sign_in().await, site.sign_in().await);
        keeps_a_copy(&second, &visitor).await;
        let (open, stands) = (second.open("/live", &visitor).await, second.open("/live", &other).await);
        network.refuse();
        site.first().sign_out(&visitor).await;
        network.clear_up();
        closes_within(10 * SECOND, open).await;
        site.first().sign_out(&other).await;
        closes_within(10 * SECOND, stands).await;
    }
}
