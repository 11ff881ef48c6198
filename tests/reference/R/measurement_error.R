# Rscript measurement_error.R <inputs> <outputs>: reference values of simulation and extrapolation with given errors, and of
# regression calibration with the sandwich of the stacked estimating equations, from glm, lm, coxph and numDeriv.
library(survival)
library(numDeriv)
folders <- commandArgs(trailingOnly = TRUE)
data <- read.csv(file.path(folders[1], "mismeasured.csv"))
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", unname(value)))
}
terms <- c("intercept", "aspirin", "age", "volume", "product")
tight <- glm.control(epsilon = 1e-15, maxit = 200)
event <- data$recurrence
n <- nrow(data)
design <- function(v) cbind(1, data$aspirin, data$age, v, data$aspirin * v)
of_logistic <- function(v) {
  x <- design(v)
  beta <- coef(glm.fit(x, event, family = binomial(), control = tight))
  p <- plogis(drop(x %*% beta))
  list(beta = beta, covariance = solve(crossprod(x, p * (1 - p) * x)))
}
of_linear <- function(v) {
  fit <- lm.fit(design(v), data$mrs)
  list(beta = coef(fit), covariance = sum(fit$residuals^2) / fit$df.residual * solve(crossprod(design(v))))
}
of_cox <- function(v) {
  fit <- coxph(Surv(time, died) ~ aspirin + age + v + aspirin:v, cbind(data, v = v),
               control = coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100))
  list(beta = coef(fit), covariance = vcov(fit))
}

# Simulation and extrapolation, the errors given.
lambdas <- c(0.5, 1, 1.5, 2)
quadratic <- function(values) sum(coef(lm(values ~ poly(c(0, lambdas), 2, raw = TRUE))) * c(1, -1, 1))
rational <- function(values) {
  l <- c(0, lambdas)
  loss <- function(u) sum(lm(values ~ I(1 / (1 + u * l)))$residuals^2)
  grid <- seq(0.01, 0.98, 0.01)
  u <- optimize(loss, grid[which.min(sapply(grid, loss))] + c(-0.01, 0.01), tol = 1e-12)$minimum
  p <- unname(c(coef(lm(values ~ I(1 / (1 + u * l)))), u))
  for (turn in 1:60) {  # Gauss and Newton, to the last digits
    fall <- 1 / (1 + p[3] * l)
    p <- p + unname(lm.fit(cbind(1, fall, -p[2] * l * fall^2), values - p[1] - p[2] * fall)$coefficients)
  }
  p[1] + p[2] / (1 - p[3])
}
simulated <- function(analysis, fit, scaled, back, sd, labels) {
  errors <- as.matrix(data[paste0("e", 1:6)])
  plain <- fit(back(scaled))
  means <- list(plain$beta)
  spread <- list(plain$covariance)
  for (lambda in lambdas) {
    fits <- lapply(1:6, function(b) fit(back(scaled + sqrt(lambda) * sd * errors[, b])))
    betas <- sapply(fits, function(one) one$beta)
    away <- betas - rowMeans(betas)
    means <- c(means, list(rowMeans(betas)))
    spread <- c(spread, list(Reduce(`+`, lapply(fits, function(one) one$covariance)) / 6 - away %*% t(away) / 6))
  }
  means <- do.call(rbind, means)
  note(analysis, labels, "naive", plain$beta)
  note(analysis, labels, "mean_at_2", means[5, ])
  note(analysis, labels, "quadratic", apply(means, 2, quadratic))
  variance <- function(i, j) quadratic(sapply(spread, function(one) one[i, j]))
  k <- length(plain$beta)
  note(analysis, labels, "std_error", sqrt(sapply(seq_len(k), function(i) variance(i, i))))
  note(analysis, labels[k], "covariance_with_volume", variance(k - 1, k))
  invisible(means)
}
same <- function(v) v
means <- simulated("simex_logistic", of_logistic, data$volume, same, 2.5, terms)
note("simex_logistic", c("volume", "product"), "rational", apply(means[, 4:5], 2, rational))
simulated("simex_log1p", of_logistic, log1p(data$volume) - 0.1, expm1, 0.25, terms)
means <- simulated("simex_linear", of_linear, log1p(data$volume), same, 0.5, terms)
note("simex_linear", c("volume", "product"), "rational", apply(means[, 4:5], 2, rational))
simulated("simex_cox", of_cox, log1p(data$volume), same, 0.4, terms[-1])

# Regression calibration: parameters gamma, v of the calibration and beta of the model, one stacked sandwich.
others <- cbind(1, data$aspirin, data$age)
known_error <- function(measured, sd) {
  gamma <- coef(lm.fit(others, measured))
  left <- measured - drop(others %*% gamma)
  v <- sum(left^2) / (n - 3)
  list(theta = c(gamma, v), expected = function(theta) {
    m <- drop(others %*% theta[1:3])
    m + (1 - sd^2 / theta[4]) * (measured - m)
  }, residual = function(theta) rep(sd^2 * (1 - sd^2 / theta[4]), n), equations = function(theta) {
    r <- measured - drop(others %*% theta[1:3])
    cbind(r * others, r^2 - theta[4] * (n - 3) / n)
  }, factor = 1 - sd^2 / v)
}
validation <- function(measured, true) {
  known <- !is.na(true)
  x <- cbind(others, measured)
  gamma <- coef(lm.fit(x[known, ], true[known]))
  size <- sum(known)
  v <- sum((true - drop(x %*% gamma))[known]^2) / (size - 4)
  list(theta = c(gamma, v), expected = function(theta) ifelse(known, true, drop(x %*% theta[1:4])),
       residual = function(theta) ifelse(known, 0, theta[5]), equations = function(theta) {
    r <- ifelse(known, true - drop(x %*% theta[1:4]), 0)
    cbind(r * x, known * (r^2 - theta[5] * (size - 4) / size))
  }, factor = gamma[4])
}
stacked <- function(analysis, calibration, enter, fit, score, labels) {
  q <- length(calibration$theta)
  beta <- fit(enter(calibration, calibration$theta))$beta
  theta <- c(calibration$theta, beta)
  equations <- function(t) cbind(calibration$equations(t[1:q]), score(enter(calibration, t[1:q]), t[-(1:q)]))
  bread <- jacobian(function(t) colSums(equations(t)), theta)
  influence <- equations(theta) %*% t(solve(bread))
  note(analysis, labels, "coefficient", beta)
  note(analysis, labels, "std_error", sqrt(diag(crossprod(influence)))[-(1:q)])
  note(analysis, "volume", "attenuation_factor", calibration$factor)
}
plain <- function(calibration, theta) calibration$expected(theta)
lognormal <- function(calibration, theta) exp(calibration$expected(theta) + calibration$residual(theta) / 2) - 1
of_score <- function(v, beta) (event - plogis(drop(design(v) %*% beta))) * design(v)
squares <- function(v, beta) (data$mrs - drop(design(v) %*% beta)) * design(v)
stacked("rc_logistic", known_error(data$volume, 2.5), plain, of_logistic, of_score, terms)
stacked("rc_lognormal", known_error(log1p(data$volume), 0.3), lognormal, of_logistic, of_score, terms)
stacked("rc_linear", known_error(log1p(data$volume), 0.5), plain, of_linear, squares, terms)
stacked("rc_validation", validation(data$volume, data$true), plain, of_logistic, of_score, terms)
stacked("rc_validation_lognormal", validation(log1p(data$volume), log1p(data$true)), lognormal, of_logistic, of_score, terms)

# Cox: a row's score depends on its risk sets, so its influence is that of coxph and the derivative of the summed score.
calibration <- known_error(log1p(data$volume), 0.4)
x_of <- function(theta) {
  v <- calibration$expected(theta)
  cbind(data$aspirin, data$age, v, data$aspirin * v)
}
scores <- function(theta, beta) {
  residuals(coxph(Surv(data$time, data$died) ~ x_of(theta), init = beta, control = coxph.control(iter.max = 0)), "score")
}
theta <- calibration$theta
fit <- of_cox(calibration$expected(theta))
moved <- jacobian(function(t) suppressWarnings(colSums(scores(t, fit$beta))), theta)
own <- calibration$equations(theta) %*% t(-solve(jacobian(function(t) colSums(calibration$equations(t)), theta)))
influence <- (suppressWarnings(scores(theta, fit$beta)) + own %*% t(moved)) %*% fit$covariance
note("rc_cox", terms[-1], "coefficient", fit$beta)
note("rc_cox", terms[-1], "std_error", sqrt(diag(crossprod(influence))))

write.csv(do.call(rbind, found), file.path(folders[2], "measurement_error.csv"), row.names = FALSE, quote = FALSE)
