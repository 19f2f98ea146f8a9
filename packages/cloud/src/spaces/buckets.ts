import { S3Error } from "./errors.ts";
import { removeContent, type Bucket, type CorsRule } from "./model.ts";
import {
  aclResponse,
  bucketOf,
  cannedAcl,
  empty,
  owner,
  readXml,
  sentAcl,
  xmlResponse,
  type Handler,
} from "./request.ts";
import { childrenOf, childText, childTexts } from "./xml.ts";

export const listBuckets: Handler = (spaces) =>
  xmlResponse("ListAllMyBucketsResult", {
    Owner: owner,
    Buckets: {
      Bucket: spaces.buckets
        .list()
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, createdAt }) => ({ Name: name, CreationDate: createdAt })),
    },
  });

export const createBucket: Handler = async (spaces, request) => {
  const name = request.bucket;
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes("..") || /^\d+(\.\d+){3}$/.test(name))
    throw new S3Error("InvalidBucketName");
  const body = await request.body();
  const region =
    body.length > 0 ? childText(await readXml(request, "CreateBucketConfiguration"), "LocationConstraint") : undefined;
  if (spaces.buckets.get(name)) throw new S3Error("BucketAlreadyOwnedByYou");
  const bucket: Bucket = {
    name,
    region: region || request.region,
    createdAt: spaces.context.now().toISOString(),
    acl: cannedAcl(request) ?? "private",
    cors: [],
  };
  spaces.buckets.put(name, bucket);
  return empty(200, { location: `/${name}` });
};

export const headBucket: Handler = (spaces, request) =>
  empty(200, { "x-amz-bucket-region": bucketOf(spaces, request).region });

export const deleteBucket: Handler = async (spaces, request) => {
  const { name } = bucketOf(spaces, request);
  if (spaces.objects(name).list().length > 0) throw new S3Error("BucketNotEmpty");
  const files: string[] = [];
  spaces.context.store.transaction(() => {
    for (const upload of spaces.uploads.list((one) => one.bucket === name)) {
      const parts = spaces.parts(upload.id);
      for (const part of parts.list()) {
        files.push(part.file);
        parts.delete(part.number);
      }
      spaces.uploads.delete(upload.id);
    }
    spaces.buckets.delete(name);
  });
  await Promise.all(files.map((file) => removeContent(spaces, file)));
  return empty(204);
};

export const getLocation: Handler = (spaces, request) =>
  new Response(
    `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${bucketOf(spaces, request).region}</LocationConstraint>`,
    { headers: { "content-type": "application/xml" } },
  );

export const getBucketAcl: Handler = (spaces, request) => aclResponse(bucketOf(spaces, request).acl);

export const putBucketAcl: Handler = async (spaces, request) => {
  const acl = await sentAcl(request);
  spaces.buckets.put(request.bucket, { ...bucketOf(spaces, request), acl });
  return empty();
};

export const getVersioning: Handler = (spaces, request) =>
  xmlResponse("VersioningConfiguration", { Status: bucketOf(spaces, request).versioning });

export const putVersioning: Handler = async (spaces, request) => {
  const status = childText(await readXml(request, "VersioningConfiguration"), "Status");
  if (status !== "Enabled" && status !== "Suspended") throw new S3Error("MalformedXML");
  spaces.buckets.put(request.bucket, { ...bucketOf(spaces, request), versioning: status });
  return empty();
};

export const getCors: Handler = (spaces, request) => {
  const { cors } = bucketOf(spaces, request);
  if (cors.length === 0) throw new S3Error("NoSuchCORSConfiguration");
  return xmlResponse("CORSConfiguration", {
    CORSRule: cors.map((rule) => ({
      ID: rule.id,
      AllowedOrigin: rule.allowedOrigins,
      AllowedMethod: rule.allowedMethods,
      AllowedHeader: rule.allowedHeaders,
      ExposeHeader: rule.exposeHeaders,
      MaxAgeSeconds: rule.maxAgeSeconds,
    })),
  });
};

const corsMethods = ["GET", "PUT", "POST", "DELETE", "HEAD"];

export const putCors: Handler = async (spaces, request) => {
  const rules = childrenOf(await readXml(request, "CORSConfiguration"), "CORSRule").map((rule): CorsRule => {
    const [id, maxAge] = [childText(rule, "ID"), childText(rule, "MaxAgeSeconds")];
    return {
      ...(id === undefined ? {} : { id }),
      allowedOrigins: childTexts(rule, "AllowedOrigin"),
      allowedMethods: childTexts(rule, "AllowedMethod"),
      allowedHeaders: childTexts(rule, "AllowedHeader"),
      exposeHeaders: childTexts(rule, "ExposeHeader"),
      ...(maxAge === undefined ? {} : { maxAgeSeconds: Number(maxAge) }),
    };
  });
  if (rules.length === 0) throw new S3Error("MalformedXML");
  for (const { allowedOrigins, allowedMethods } of rules) {
    if (allowedOrigins.length === 0 || allowedMethods.length === 0) throw new S3Error("MalformedXML");
    const wrong = allowedMethods.find((method) => !corsMethods.includes(method));
    if (wrong !== undefined)
      throw new S3Error(
        "InvalidRequest",
        `Found unsupported HTTP method in CORS config. Unsupported method is ${wrong}`,
      );
  }
  spaces.buckets.put(request.bucket, { ...bucketOf(spaces, request), cors: rules });
  return empty();
};

export const deleteCors: Handler = (spaces, request) => {
  spaces.buckets.put(request.bucket, { ...bucketOf(spaces, request), cors: [] });
  return empty(204);
};
