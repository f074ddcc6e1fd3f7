//! What a user does, on both frameworks, with every kind of session.

use landfall_tests::everywhere;

everywhere! {
    async fn a_deep_link_is_where_the_sign_in_lands(world) {
        let page = world.open("/dashboard/x%20y?tab=2&q=a%20b&q=c").await;
        assert_eq!(page.url.as_str(), "https://app.example.com/dashboard/x%20y?tab=2&q=a%20b&q=c");
        assert_eq!(page.text(), "dashboard of ada at /dashboard/x%20y with tab=2&q=a%20b&q=c");
        assert_eq!(world.token_calls(), 1);
    }
}
