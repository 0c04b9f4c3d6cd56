//! What the APIs of forges say of repositories: each names the URL to clone, the owner and the size differently.

use serde_json::Value;

/// What a list says of one repository.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) location: String,
    pub(super) reference: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) size: Option<u64>,
}

/// Under which keys a page has its repositories: Bitbucket, Azure DevOps, GitHub's search, Gitea's.
const PAGES: [&str; 4] = ["values", "value", "items", "data"];

/// The URL to clone. `url` comes last: some mean their API by it.
const LOCATIONS: [&str; 7] = [
    "location",
    // GitHub, Gitea.
    "clone_url",
    // GitLab.
    "http_url_to_repo",
    // Azure DevOps.
    "remoteUrl",
    "ssh_url",
    "sshUrl",
    "url",
];

/// Which object says whose a repository is, and by what name.
const HOLDERS: [&str; 4] = ["owner", "namespace", "workspace", "project"];
const NAMES: [&str; 6] = ["login", "full_path", "username", "slug", "key", "name"];

/// The objects of repositories that a value has: itself, those of an array, or those of a page. `has_more` becomes whether the last page is
/// followed by another.
pub(super) fn objects<'v>(value: &'v Value, has_more: &mut bool) -> Vec<&'v Value> {
    if let Value::Array(values) = value {
        let objects = values.iter().flat_map(|value| objects(value, has_more));
        return objects.collect();
    }
    let mut pages = PAGES.iter().filter_map(|key| value.get(key));
    match pages.find(|page| page.is_array()) {
        Some(page) if row(value).is_none() => {
            let next = value.get("next").and_then(Value::as_str);
            let is_last = value.get("isLastPage").and_then(Value::as_bool);
            *has_more = next.is_some_and(|next| !next.is_empty()) || is_last == Some(false);
            objects(page, &mut false)
        }
        _ => vec![value],
    }
}

/// What an object says of a repository; `None` if not where it is.
pub(super) fn row(object: &Value) -> Option<Row> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    let location = LOCATIONS.into_iter().find_map(text);
    let location = location.or_else(|| cloned_from(object))?;
    let named = |holder: &str| {
        let holder = object.get(holder)?;
        let mut names = NAMES.into_iter();
        names.find_map(|key| holder.get(key).and_then(Value::as_str).map(str::to_owned))
    };
    (!location.trim().is_empty()).then(|| Row {
        location,
        reference: text("ref"),
        owner: text("owner").or_else(|| HOLDERS.into_iter().find_map(named)),
        policy: text("policy"),
        size: size(object),
    })
}

/// Bitbucket's URL to clone: `links.clone` has one for HTTP and one for SSH.
fn cloned_from(object: &Value) -> Option<String> {
    let links = object.get("links")?.get("clone")?.as_array()?;
    let is_http = |link: &&Value| {
        let name = link.get("name").and_then(Value::as_str);
        name.is_some_and(|name| name.starts_with("http"))
    };
    let link = links.iter().find(is_http).or_else(|| links.first())?;
    let url = link.get("href")?.as_str()?;
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.starts_with("http") {
        return Some(url.to_owned());
    }
    // The user is the one who asked for the list: whoever fetches may be another.
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Some(format!("{scheme}://{host}/{path}"))
}

/// Bytes of a repository. GitHub and Gitea, whose objects have `clone_url`, count in KiB, and so does what GitHub's `gh` calls `diskUsage`.
fn size(object: &Value) -> Option<u64> {
    let number = |value: &Value, key: &str| value.get(key).and_then(Value::as_u64);
    if let Some(statistics) = object.get("statistics") {
        return number(statistics, "repository_size");
    }
    let in_kib = |size: u64| size.saturating_mul(1024);
    if let Some(size) = number(object, "diskUsage") {
        return Some(in_kib(size));
    }
    let size = number(object, "size")?;
    Some(if object.get("clone_url").is_some() {
        in_kib(size)
    } else {
        size
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{objects, row};

    /// Location, owner and size of each repository, and whether there are more.
    fn said(value: &Value) -> (Vec<(String, String, Option<u64>)>, bool) {
        let mut has_more = false;
        let rows = objects(value, &mut has_more)
            .into_iter()
            .map(|object| row(object).unwrap());
        let rows = rows.map(|row| (row.location, row.owner.unwrap_or_default(), row.size));
        (rows.collect(), has_more)
    }

    fn one(location: &str, owner: &str, size: Option<u64>) -> (String, String, Option<u64>) {
        (location.to_owned(), owner.to_owned(), size)
    }

    #[test]
    fn each_forge_is_read() {
        let github = json!([[{"clone_url": "https://github.com/o/a.git", "url": "https://api.github.com/repos/o/a", "owner": {"login": "o", "id": 7}, "size": 3}], []]);
        let found = (
            vec![one("https://github.com/o/a.git", "o", Some(3072))],
            false,
        );
        assert_eq!(said(&github), found);
        let gh = json!([{"url": "https://github.com/o/a", "sshUrl": "git@github.com:o/a.git", "owner": {"login": "o"}, "diskUsage": 3}]);
        let found = vec![one("git@github.com:o/a.git", "o", Some(3072))];
        assert_eq!(said(&gh).0, found);
        let gitlab = json!([{"http_url_to_repo": "https://gitlab.com/g/s/a.git", "namespace": {"full_path": "g/s"}, "statistics": {"repository_size": 9}}]);
        let found = vec![one("https://gitlab.com/g/s/a.git", "g/s", Some(9))];
        assert_eq!(said(&gitlab).0, found);
        let cloud = json!({"pagelen": 10, "next": "https://api.bitbucket.org/2.0/repositories/w?page=2", "values": [{
            "type": "repository", "size": 9, "owner": {"display_name": "Team", "uuid": "{1}"}, "workspace": {"slug": "w"},
            "links": {"self": {"href": "https://api.bitbucket.org/2.0/repositories/w/a"}, "clone": [
                {"name": "https", "href": "https://someone@bitbucket.org/w/a.git"}, {"name": "ssh", "href": "git@bitbucket.org:w/a.git"}]}}]});
        let found = (
            vec![one("https://bitbucket.org/w/a.git", "w", Some(9))],
            true,
        );
        assert_eq!(said(&cloud), found);
        let data_center = json!({"isLastPage": true, "values": [{"slug": "a", "project": {"key": "PRJ", "name": "Project"}, "links": {
            "clone": [{"name": "ssh", "href": "ssh://git@host:7999/prj/a.git"}, {"name": "http", "href": "https://host/scm/prj/a.git"}],
            "self": [{"href": "https://host/projects/PRJ/repos/a/browse"}]}}]});
        let found = (vec![one("https://host/scm/prj/a.git", "PRJ", None)], false);
        assert_eq!(said(&data_center), found);
        let azure = json!({"count": 1, "value": [{"name": "a", "url": "https://dev.azure.com/o/_apis/git/repositories/1", "remoteUrl": "https://dev.azure.com/o/p/_git/a", "project": {"name": "p"}, "size": 9}]});
        let found = vec![one("https://dev.azure.com/o/p/_git/a", "p", Some(9))];
        assert_eq!(said(&azure).0, found);
    }
}
